import { createKey, listKeys, revokeKey } from '../api/account.ts';
import { useServices } from '../services.tsx';
import { Section } from '../ui/section.tsx';
import { KeyList } from './key_list.tsx';

export function ApiKeys() {
  const { session } = useServices();
  return (
    <Section
      title="API keys"
      about={`For programs: an OpenAI SDK with the base URL ${location.origin}/v1 and one of these.`}
    >
      <KeyList
        owner={{
          queryKey: ['keys'],
          list: () => listKeys(session),
          create: (name) => createKey(session, name),
          revoke: (id) => revokeKey(session, id),
        }}
      />
    </Section>
  );
}
