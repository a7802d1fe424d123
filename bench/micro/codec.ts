// The whole codec per record: parse + validate + canonical line + leaf + tree, without compression. Native, its portable
// twin, the best plain JavaScript and idiomatic JavaScript, on frames of several shapes; lines, leaves and roots of all of
// them are equal byte for byte before anything is timed.

import { loadNative } from '../../workers/native.ts';
import { makeWorkload } from '../workload.ts';
import { CodecPipeline } from './codec-pipeline.ts';
import { Idiomatic } from './idiomatic.ts';
import type { Pipeline } from './pipeline.ts';
import { PlainJavaScript } from './plain-javascript.ts';
import { makeSlabs, type Shape, type Slabs } from './slabs.ts';
import { type Arm, type Comparison, mustAgree, type Subject } from './subject.ts';

const SHAPES: readonly (Shape & { readonly tree: boolean })[] = [
  { records: 1, form: 'lines', tree: true },
  { records: 10, form: 'lines', tree: true },
  { records: 100, form: 'lines', tree: true },
  { records: 100, form: 'array', tree: true },
  { records: 100, form: 'lines', tree: false },
];

export const codec: Subject = {
  name: 'codec',
  async prepare(records) {
    const { records: texts, invalid } = makeWorkload({ count: records });
    const native = loadNative();
    const comparisons: Comparison[] = [];
    for (const shape of SHAPES) {
      const pipelines: Pipeline[] = [
        ...(native.addon === null ? [] : [await CodecPipeline.create(native.addon, shape.tree)]),
        await CodecPipeline.create(null, shape.tree),
        new PlainJavaScript(shape.tree),
        new Idiomatic(shape.tree),
      ];
      comparisons.push(compare(shape, pipelines, makeSlabs(texts, shape), invalid));
    }
    const missing = native.addon === null ? [`the native codec: ${native.reason}`] : [];
    return { comparisons, missing };
  },
};

/** @throws Error when two pipelines differ in a line, a leaf, the root or the number of refused records. */
function compare(
  { records, form, tree }: (typeof SHAPES)[number],
  pipelines: readonly Pipeline[],
  slabs: Slabs,
  invalid: number,
): Comparison {
  const what = `${records === 1 ? '1 record' : `${records} records`} a frame, ${form === 'array' ? 'JSON array' : 'lines'}`;
  mustAgree(
    `lines of ${what}`,
    pipelines.map((pipeline) => [pipeline.name, pipeline.lines(slabs)] as const),
  );
  const outcomes = pipelines.map((pipeline) => [pipeline.name, pipeline.run(slabs)] as const);
  mustAgree(
    `leaves of ${what}`,
    outcomes.map(([name, { leaves }]) => [name, leaves] as const),
  );
  if (tree)
    mustAgree(
      `root of ${what}`,
      outcomes.map(([name, { root }]) => [name, root] as const),
    );
  for (const [name, { accepted, refused }] of outcomes) {
    if (refused !== invalid || accepted + refused !== slabs.records) {
      throw new Error(
        `${what}: ${name} refuses ${refused} of ${slabs.records} records, the workload has ${invalid} to refuse`,
      );
    }
  }
  return {
    key: `codec-${records}-${form}${tree ? '' : '-no-tree'}`,
    title: `codec: parse + validate + canonical + leaf${tree ? ' + tree' : ', no tree'}; ${what}`,
    unit: 'record',
    units: slabs.records,
    clock: 'cpu',
    arms: pipelines.map(
      (pipeline): Arm => ({
        name: pipeline.name,
        kind: pipeline.kind,
        run: () => pipeline.run(slabs),
      }),
    ),
    notes: [
      'lines and leaves end up behind each other in memory in every arm; native hashes its tree and gathers with the addon, the others use none of it',
    ],
  };
}
