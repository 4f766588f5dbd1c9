import { ErrorPage, type ErrorPageProps } from './error_page.tsx';
import { TopBar } from './top_bar.tsx';

/** An error page beside the list of conversations, which goes on. */
export function InnerErrorPage(props: ErrorPageProps) {
  return (
    <>
      <TopBar title="" />
      <ErrorPage {...props} />
    </>
  );
}
