import * as Radix from '@radix-ui/react-dialog';
import type { ReactNode } from 'react';

interface DialogProps {
  title: string;
  children: ReactNode;
  /** Called for Escape, a click outside, and whatever else closes it. */
  onClose: () => void;
}

// Radix's own overlay would write a style sheet into the page, which the Content-Security-Policy forbids: we draw it.
export function Dialog({ title, children, onClose }: DialogProps) {
  return (
    <Radix.Root open onOpenChange={(open) => open || onClose()}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 bg-veil" />
        <Radix.Content className="dialog" aria-describedby={undefined}>
          <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
