import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { messageOf } from '../api/http.ts';
import { Alert, Field } from '../ui/controls.tsx';
import { readUsage, type Grouping, type Sums, type UsageRow } from './api.ts';
import { Heading } from './parts.tsx';
import { useSession } from './session.tsx';

const groupings: Record<Grouping, string> = { day: 'Day', user: 'User', model: 'Model', provider: 'Provider' };
const all = Object.keys(groupings) as Grouping[];

const dayBeforeToday = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

export function Usage() {
  const session = useSession();
  const [from, setFrom] = useState(() => dayBeforeToday(29));
  const [to, setTo] = useState(() => dayBeforeToday(0));
  const [chosen, setChosen] = useState<ReadonlySet<Grouping>>(new Set<Grouping>(['user', 'model']));
  const by = all.filter((one) => chosen.has(one));
  const { data, error } = useQuery({
    queryKey: ['usage', from, to, ...by],
    queryFn: () => readUsage(session, from, to, by.length > 0 ? by : ['day']),
    placeholderData: (before) => before,
    enabled: from !== '' && to !== '',
  });
  const toggle = (one: Grouping): void =>
    setChosen((before) => new Set(all.filter((each) => before.has(each) !== (each === one))));
  return (
    <>
      <Heading title="Usage" about="Days are those of UTC." />
      <form className="mb-5 flex flex-wrap items-end gap-4" onSubmit={(event) => event.preventDefault()}>
        <Field label="From" type="date" value={from} max={to} onChange={(event) => setFrom(event.target.value)} />
        <Field label="To" type="date" value={to} min={from} onChange={(event) => setTo(event.target.value)} />
        <fieldset>
          <legend className="mb-1.5 text-sm font-medium">By</legend>
          <div className="flex h-10 gap-1 rounded-xl bg-sunken p-0.5">
            {all.map((one) => (
              <label key={one} className="segment px-3">
                <input type="checkbox" className="sr-only" checked={chosen.has(one)} onChange={() => toggle(one)} />
                {groupings[one]}
              </label>
            ))}
          </div>
        </fieldset>
      </form>
      {error && <Alert>{messageOf(error)}</Alert>}
      {data && <Table rows={data.usage} total={data.total} by={by.length > 0 ? by : ['day']} />}
      {data?.truncated && (
        <p className="mt-3 text-sm text-muted">These are the rows that were used most; the total is of all.</p>
      )}
    </>
  );
}

const numbers: [string, (of: Sums) => number][] = [
  ['Requests', (of) => of.requests],
  ['Failed', (of) => of.failed],
  ['Tokens in', (of) => of.input_tokens],
  ['Tokens out', (of) => of.output_tokens],
];

function nameOf(row: UsageRow, by: Grouping): string {
  if (by === 'user') return row.username ?? row.user_id ?? '';
  return row[by] ?? '';
}

function Table({ rows, total, by }: { rows: UsageRow[]; total: Sums; by: Grouping[] }) {
  return (
    <div
      className="overflow-x-auto rounded-xl border border-line bg-surface"
      role="region"
      aria-label="Usage"
      tabIndex={0}
    >
      <table className="w-full text-sm">
        <thead>
          <tr className="border-b border-line text-left text-muted">
            {by.map((one) => (
              <th key={one} scope="col" className="px-4 py-2.5 font-medium">
                {groupings[one]}
              </th>
            ))}
            {numbers.map(([name]) => (
              <th key={name} scope="col" className="px-4 py-2.5 text-right font-medium whitespace-nowrap">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((row) => (
            <tr key={by.map((one) => nameOf(row, one)).join('\n') + (row.user_id ?? '')}>
              {by.map((one) => (
                <td key={one} className="max-w-64 truncate px-4 py-2.5">
                  {nameOf(row, one)}
                </td>
              ))}
              <Numbers of={row} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="border-t border-line font-medium">
            <th scope="row" colSpan={by.length} className="px-4 py-2.5 text-left font-medium">
              Total
            </th>
            <Numbers of={total} />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function Numbers({ of }: { of: Sums }) {
  return numbers.map(([name, read]) => (
    <td key={name} className="px-4 py-2.5 text-right tabular-nums">
      {read(of).toLocaleString()}
    </td>
  ));
}
