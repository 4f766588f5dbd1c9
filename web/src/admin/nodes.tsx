import { useQuery } from '@tanstack/react-query';
import { messageOf } from '../api/http.ts';
import { Alert } from '../ui/controls.tsx';
import { shortMoment } from '../ui/dates.ts';
import { listNodes, type Node } from './api.ts';
import { Heading, Tag } from './parts.tsx';
import { useSession } from './session.tsx';

const everyMs = 5_000;

export function Nodes() {
  const session = useSession();
  const { data: nodes, error } = useQuery({
    queryKey: ['nodes'],
    queryFn: () => listNodes(session),
    refetchInterval: everyMs,
  });
  return (
    <>
      <Heading title="Nodes" about="The processes that are there at this moment." />
      {error && <Alert>{messageOf(error)}</Alert>}
      <ul className="grid grid-cols-1 gap-4 md:grid-cols-2" aria-label="Nodes">
        {nodes?.map((node) => (
          <Card key={node.id} node={node} />
        ))}
      </ul>
    </>
  );
}

function Card({ node }: { node: Node }) {
  return (
    <li className="card grid gap-3">
      <div className="flex items-center gap-2.5">
        <span className="min-w-0 flex-1 truncate font-medium">{node.address ?? node.id}</span>
        <Tag tone="accent">{node.role}</Tag>
      </div>
      <dl className="flex flex-wrap gap-x-8 gap-y-2">
        <Count name="Connections" of={node.connections} />
        <Count name="Answers being written" of={node.generations} />
      </dl>
      <p className="text-sm text-muted">
        Version {node.version} · since {shortMoment(node.started_at)}
      </p>
    </li>
  );
}

function Count({ name, of }: { name: string; of: number | null }) {
  if (of === null) return null;
  return (
    <div className="flex flex-col-reverse">
      <dt className="text-sm text-muted">{name}</dt>
      <dd className="text-xl font-semibold tabular-nums">{of.toLocaleString()}</dd>
    </div>
  );
}
