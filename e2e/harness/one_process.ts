/**
 * What is left out where SLUICE_E2E=cluster, and why: what by its nature is about one process, whichever that is. Whole
 * files, or tests of a file. vitest.config.ts finds entries that stand for nothing.
 */
export const aboutOneProcess: Record<string, string | Record<string, string>> = {
  'cluster/faults.test.ts': 'has a cluster of its own, which is the same in either mode',
  'cluster/start.test.ts': 'starts roles by themselves',
  'cluster/lost_calls.test.ts': 'starts roles by themselves',
  'cluster/outage.test.ts': 'has a cluster of its own, which is the same in either mode',
  'command_line/commands.test.ts': 'commands without a server',
  'conversations/survival.test.ts': 'starts `sluice serve` by itself, on disks that are full or cannot be written',
  'conversations/full_disk.test.ts': 'starts `sluice serve` by itself, on a disk that is full',
  'browser/look.test.ts': 'the look of pages that are the same bytes in either mode',
  'command_line/life_cycle.test.ts': {
    'started without a file it accepts token 123, with a warning, and answers within a second':
      'starts `sluice serve` by itself',
  },
  'http/endpoints.test.ts': {
    'is not for peers beyond this machine':
      'scripts/dev-cluster gives each role an internal address; this is about the clients’ where there is no other',
    'is not for who comes through a proxy of this machine, trusted or not': 'likewise',
  },
  'http/pages.test.ts': {
    'say to a browser what is not there below /admin': 'the role admin alone has no page for that: JSON says it',
  },
  'http/hostile_clients.test.ts': {
    'an internal address that is in use ends the start':
      'scripts/dev-cluster gives each role an address of its own, whatever the configuration says',
    'told to stop, it ends what runs as failed, to be asked again, then closes the socket':
      'a gateway that stops leaves its answers to the agents, for another gateway: cluster/faults.test.ts',
  },
};
