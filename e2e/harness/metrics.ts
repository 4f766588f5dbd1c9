interface Family {
  about: string[];
  samples: Map<string, number>;
}

const number = (text: string): number => Number(text.replace('Inf', 'Infinity'));

/** What several processes expose, as if one had: each series is the sum of theirs. */
export function sumMetrics(texts: string[]): string {
  if (texts.length === 1) return texts[0]!;
  const families = new Map<string, Family>();
  for (const text of texts) {
    let family: Family = { about: [], samples: new Map() };
    for (const line of text.split('\n').slice(0, -1)) {
      const [, kind, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (kind !== undefined) {
        family = families.get(name!) ?? { about: [], samples: new Map() };
        families.set(name!, family);
        if (!family.about.some((one) => one.startsWith(`# ${kind} `))) family.about.push(line);
      } else {
        const end = line.lastIndexOf(' ');
        const series = line.slice(0, end);
        family.samples.set(series, (family.samples.get(series) ?? 0) + number(line.slice(end + 1)));
      }
    }
  }
  return [...families.values()]
    .flatMap(({ about, samples }) => [...about, ...[...samples].map(([series, value]) => `${series} ${value}`)])
    .map((line) => `${line}\n`)
    .join('');
}
