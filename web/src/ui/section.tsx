import type { ReactNode } from 'react';

export function Section({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <section className="card grid grid-cols-1 gap-4" aria-label={title}>
      <div>
        <h2 className="font-semibold">{title}</h2>
        {about && <p className="mt-0.5 text-sm text-muted">{about}</p>}
      </div>
      {children}
    </section>
  );
}
