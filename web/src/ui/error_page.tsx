import { messageOf } from '../api/http.ts';
import { Button } from './controls.tsx';
import { Icon, Mark } from './icons.tsx';

export interface ErrorPageProps {
  error: unknown;
  onAgain: () => void;
}

const title = 'This page cannot be shown';

/** In the place of a page that broke. */
export function ErrorPage({ error, onAgain }: ErrorPageProps) {
  return (
    <div className="grid h-full min-h-0 flex-1 place-items-center overflow-y-auto px-4 py-10">
      <title>{`${title} – Sluice`}</title>
      <div role="alert" className="grid max-w-md justify-items-center gap-4 text-center">
        <Mark className="size-11" />
        <h2 className="text-xl font-semibold tracking-tight">{title}</h2>
        <p className="text-muted wrap-anywhere">{messageOf(error)}</p>
        <Button look="primary" onClick={onAgain}>
          <Icon name="retry" /> Try again
        </Button>
      </div>
    </div>
  );
}
