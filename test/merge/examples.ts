// All examples, one for each rule of the table.

import { lifeExamples, valueExamples } from './examples_of_components.ts';
import { nounExamples, schemaExamples } from './examples_of_nouns.ts';

export const examples = [...valueExamples, ...lifeExamples, ...nounExamples, ...schemaExamples];
