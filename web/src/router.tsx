import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
  useRouter,
  type ErrorComponentProps,
} from '@tanstack/react-router';
import { useEffect } from 'react';
import { RegisterPage, SignInPage } from './account/entry_page.tsx';
import { safeNext } from './account/safe_next.ts';
import { Frame } from './frame.tsx';
import type { Services } from './services.tsx';
import { ErrorPage } from './ui/error_page.tsx';
import { Mark } from './ui/icons.tsx';
import { InnerErrorPage } from './ui/inner_error_page.tsx';
import { late } from './ui/late.tsx';

// Who stands at the door need not wait for what is inside.
const ChatPage = late(async () => (await import('./chat/chat_page.tsx')).ChatPage);
const SettingsPage = late(async () => (await import('./account/settings_page.tsx')).SettingsPage);

const root = createRootRouteWithContext<Services>()({ component: Outlet });

interface EntrySearch {
  next?: string;
}
const entrySearch = ({ next }: Record<string, unknown>): EntrySearch => (typeof next === 'string' ? { next } : {});

// Who is signed in has no business at the door, who is not none inside.
const outside = createRoute({
  getParentRoute: () => root,
  id: 'outside',
  validateSearch: entrySearch,
  beforeLoad: ({ context, search }) => {
    if (context.session.state.name === 'signed_in') throw redirect({ href: safeNext(search.next) });
  },
});
const signIn = createRoute({
  getParentRoute: () => outside,
  path: '/login',
  component: function SignIn() {
    return <SignInPage next={signIn.useSearch().next} />;
  },
});
const register = createRoute({
  getParentRoute: () => outside,
  path: '/register',
  component: function Register() {
    return <RegisterPage next={register.useSearch().next} />;
  },
});

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: function Inside() {
    // While there is a connection: who loses it later may still open the settings.
    useEffect(() => SettingsPage.prefetch(), []);
    return <Frame />;
  },
  beforeLoad: ({ context, location }) => {
    if (context.session.state.name === 'signed_in') return;
    throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } });
  },
});
const newChat = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: () => <ChatPage />,
  errorComponent: InnerRouteError,
});
const chat = createRoute({
  getParentRoute: () => inside,
  path: '/c/$conversationId',
  component: function Chat() {
    const { conversationId } = chat.useParams();
    return <ChatPage key={conversationId} conversationId={conversationId} />;
  },
  errorComponent: InnerRouteError,
});
const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  component: () => <SettingsPage />,
  errorComponent: InnerRouteError,
});

export function makeRouter(services: Services) {
  return createRouter({
    routeTree: root.addChildren([
      outside.addChildren([signIn, register]),
      inside.addChildren([newChat, chat, settings]),
    ]),
    context: services,
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: RouteError,
  });
}

// What a route drew or looked at is forgotten, and tried anew.
function useAgain({ reset }: ErrorComponentProps): () => void {
  const router = useRouter();
  return () => {
    reset();
    void router.invalidate();
  };
}

function RouteError(props: ErrorComponentProps) {
  return <ErrorPage error={props.error} onAgain={useAgain(props)} />;
}

function InnerRouteError(props: ErrorComponentProps) {
  return <InnerErrorPage error={props.error} onAgain={useAgain(props)} />;
}

function NotFound() {
  return (
    <main className="grid min-h-full place-items-center p-6 text-center">
      <title>Not found – Sluice</title>
      <div className="grid justify-items-center gap-4">
        <Mark className="size-11" />
        <h1 className="text-xl font-semibold tracking-tight">There is no such page</h1>
        <a href="/" className="text-accent underline underline-offset-2">
          To the chat
        </a>
      </div>
    </main>
  );
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
