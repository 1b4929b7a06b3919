import { OPTIONAL_TEXT } from '../../documents/values.js';
import { withRemedy } from '../../documents/explained.js';
import { UserError } from '../../errors/user-error.js';
import { checkTopicName } from '../../kafka/topic-name.js';

/** A topic's name; undefined where it is empty or left out. */
export const TOPIC_NAME = OPTIONAL_TEXT.superRefine((topic, context) => {
  if (topic === undefined) return;
  try {
    checkTopicName('topic', topic);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.addIssue(withRemedy(error.message.replace(/^topic[^:]*: /, ''), error.remedy));
  }
});
