import { useEffect, useState, type ComponentType } from 'react';
import { InnerErrorPage } from './inner_error_page.tsx';

/**
 * A page whose code comes when it is first wanted, or with `prefetch`. Unlike `React.lazy`, which keeps a failed import
 * for ever, it tries again when it is asked to.
 */
export function late<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let page: ComponentType<Props> | undefined;
  let loading: Promise<unknown> | undefined;
  const fetch = (): Promise<unknown> =>
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
      fetch().then(
        () => isHere && setLoaded(() => page),
        () => isHere && setFailed(true),
      );
      return () => void (isHere = false);
    }, [loaded, hasFailed]);
    const Page = loaded;
    if (Page) return <Page {...props} />;
    return hasFailed ? <InnerErrorPage error={couldNotCome} onAgain={() => setFailed(false)} /> : null;
  }
  return Object.assign(Late, { prefetch: (): void => void fetch().catch(() => {}) }); // it is told of when it is wanted
}

const couldNotCome = new Error('it could not be loaded; is there a connection?');
