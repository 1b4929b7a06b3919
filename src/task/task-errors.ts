import { UserError } from '../errors/user-error.js';

export class NoSuchTask extends UserError {
  constructor(id: string) {
    super(`task ${id}`, 'there is no such task', {
      remedy: "'kcap task list' shows those there are",
    });
  }
}

export class TaskExists extends UserError {
  constructor(id: string) {
    super(`task ${id}`, 'there is a task with this id already', {
      remedy: 'delete it first, or choose another id',
    });
  }
}
