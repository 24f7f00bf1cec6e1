import { layerConverters } from '../layers/index.ts';

const OWN =
  'Pass a converter of your own: exportOnnx(artifacts, { converters: { ...layerConverters, Name } }). ' +
  'The toolkit is @snapshot-ensemble/export-onnx/converter; checkParity tells whether it computes what the model does.';

/** Classes of tfjs-layers that are refused by name. */
export const refusedClasses: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ...Object.fromEntries(
    [
      'Backbone',
      'BytePairTokenizer',
      'CachedMultiHeadAttention',
      'EinsumDense',
      'GPT2Backbone',
      'GPT2CausalLM',
      'GPT2CausalLMPreprocessor',
      'GPT2Preprocessor',
      'GPT2Tokenizer',
      'MultiHeadAttention',
      'PositionEmbedding',
      'Preprocessor',
      'StartEndPacker',
      'TransformerDecoder',
    ].map((name) => [
      name,
      [
        'it belongs to the language-model layers of tfjs, whose call arguments a saved model does not hold',
        OWN,
      ],
    ]),
  ),
  ...Object.fromEntries(
    ['CategoryEncoding', 'CenterCrop', 'RandomHeight', 'RandomWidth', 'Resizing'].map((name) => [
      name,
      ['it does not run inside a tfjs 4.22 model', 'Do this to the data before the model.'],
    ]),
  ),
};

const cellClasses: ReadonlySet<string> = new Set([
  'ConvLSTM2DCell',
  'GRUCell',
  'LSTMCell',
  'SimpleRNNCell',
  'StackedRNNCells',
]);

/** Why a class without a converter is refused, and what to do. */
export function refusalOf(className: string): readonly [reason: string, remedy: string] {
  const known = Object.hasOwn(refusedClasses, className) ? refusedClasses[className] : undefined;
  if (known !== undefined) return known;
  if (cellClasses.has(className))
    return [
      'a cell is part of an RNN layer; tfjs does not run it as a layer of a model',
      'Put it into RNN.',
    ];
  const classes = Object.keys(layerConverters).sort().join(', ');
  return [`there is no converter for it`, `${OWN} Known classes: ${classes}.`];
}
