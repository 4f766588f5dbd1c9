import type { ReactNode } from 'react';

// Line drawings on a grid of 24; they say nothing to a screen reader, the control around them does.
const drawings = {
  archive: <path d="M4 4h16v4H4zM6 8v12h12V8M10 12h4" />,
  arrow_down: <path d="M12 5v14m-6-6 6 6 6-6" />,
  arrow_up: <path d="M12 19V5m-6 6 6-6 6 6" />,
  back: <path d="M19 12H5m6-6-6 6 6 6" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  chevron: <path d="m7 10 5 5 5-5" />,
  close: <path d="M6 6l12 12M18 6 6 18" />,
  copy: <path d="M9 9h11v11H9zM15 9V4H4v11h5" />,
  key: <path d="M14.5 9.5a4.5 4.5 0 1 0-3 4.2L13 15h2v2h2v2h3v-3l-5.8-5.3a4.5 4.5 0 0 0 .3-1.2ZM8 8h.01" />,
  menu: <path d="M4 7h16M4 12h16M4 17h10" />,
  more: <path d="M5.5 12h.01M12 12h.01M18.5 12h.01" strokeWidth="2.6" />,
  pencil: <path d="m4 20 1-4L16.5 4.5l3 3L8 19zM14 7l3 3" />,
  plus: <path d="M12 5v14M5 12h14" />,
  retry: <path d="M5 12a7 7 0 1 0 2.2-5.1L5 9m0-5v5h5" />,
  search: <path d="M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.5 4.5" />,
  settings: <path d="M4 7h9m5 0h2M4 17h2m5 0h9M15.5 9.5v-5M8.5 19.5v-5" />,
  stop: <rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor" />,
  trash: <path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5" />,
  warning: <path d="M12 4 2.8 20h18.4zM12 10v4.5m0 2.6v.1" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof drawings;

export function Icon({ name, className = 'size-4' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={`shrink-0 ${className}`}
      aria-hidden="true"
    >
      {drawings[name]}
    </svg>
  );
}

/** The mark: water in a channel. */
export function Mark({ className = 'size-7' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={`shrink-0 ${className}`} aria-hidden="true">
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <g fill="none" className="stroke-on-accent" strokeWidth="2.6" strokeLinecap="round">
        <path d="M7 11c3-3 6-3 9 0s6 3 9 0" />
        <path d="M7 17c3-3 6-3 9 0s6 3 9 0" opacity=".75" />
        <path d="M7 23c3-3 6-3 9 0s6 3 9 0" opacity=".5" />
      </g>
    </svg>
  );
}
