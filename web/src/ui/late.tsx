import { useEffect, useState, type ComponentType } from 'react';
import { InnerErrorPage } from './inner_error_page.tsx';

/**
 * A page whose code comes when it is first wanted, or with `prefetch`. If that fails it can be tried again, by loading
 * all anew: some browsers keep a failed import for ever (Chromium 150 does), and what is wanted may have another name
 * by now, where the server was replaced by a newer one.
 */
export function late<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let page: ComponentType<Props> | undefined;
  let loading: Promise<unknown> | undefined;
  const bring = (): Promise<unknown> =>
    (loading ??= load().then(
      (loaded) => (page = loaded),
      (error: unknown) => {
        loading = undefined;
        throw error;
      },
    ));

  function Late(props: Props) {
    const [loaded, setLoaded] = useState(() => page);
    const [hasFailed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded || hasFailed) return;
      let isHere = true;
      bring().then(
        () => isHere && setLoaded(() => page),
        () => isHere && setFailed(true),
      );
      return () => void (isHere = false);
    }, [loaded, hasFailed]);
    const Page = loaded;
    if (Page) return <Page {...props} />;
    return hasFailed ? <InnerErrorPage error={couldNotCome} onAgain={() => void loadAnew()} /> : null;
  }
  return Object.assign(Late, { prefetch: (): void => void bring().catch(() => {}) }); // it is told of when it is wanted
}

// Where nobody answers, this page is better than the browser's own.
async function loadAnew(): Promise<void> {
  const isThere = await fetch('/livez', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (isThere) location.reload();
}

const couldNotCome = new Error('it could not be loaded; is there a connection?');
