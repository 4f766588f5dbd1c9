import * as Menu from '@radix-ui/react-dropdown-menu';
import { useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { listModels } from '../api/account.ts';
import { useServices } from '../services.tsx';
import { Icon } from '../ui/icons.tsx';
import { keep, kept } from '../ui/preferences.ts';

const key = 'model';
const listeners = new Set<() => void>();

function chooseModel(model: string): void {
  keep(key, model);
  for (const listener of listeners) listener();
}

/** The models that may be asked for, the default first, and the one that is chosen. */
export function useModels(): { models: string[]; model: string | undefined } {
  const { session } = useServices();
  const { data: models = [] } = useQuery({
    queryKey: ['models'],
    queryFn: () => listModels(session),
    staleTime: 300_000,
  });
  const chosen = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => kept(key),
  );
  return { models, model: chosen !== undefined && models.includes(chosen) ? chosen : models[0] };
}

export function ModelPicker() {
  const { models, model } = useModels();
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="quiet-button h-9 max-w-[70%] gap-1" aria-label={`Model: ${model ?? 'none'}`}>
        <span className="truncate">{model ?? 'No model'}</span>
        <Icon name="chevron" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="start" side="top" sideOffset={6} collisionPadding={8}>
          <Menu.RadioGroup value={model} onValueChange={chooseModel}>
            {models.map((name) => (
              <Menu.RadioItem key={name} value={name} className="menu-item justify-between">
                <span className="truncate">{name}</span>
                <Menu.ItemIndicator>
                  <Icon name="check" />
                </Menu.ItemIndicator>
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
