/*
 * The threads, mutexes and conditions of C11 by those of POSIX. librdkafka uses
 * the former; ThreadSanitizer knows the latter only: of a thread that it has
 * not seen begin it crashes, and from a mutex that it does not see it concludes
 * that there is none. In glibc the types are the same but for their names.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "a mtx_t is no pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "a cnd_t is no pthread_cond_t");

static int result_of(int error) { return error == 0 ? thrd_success : thrd_error; }

static pthread_mutex_t *mutex_of(mtx_t *mutex) { return (pthread_mutex_t *)mutex; }
static pthread_cond_t *condition_of(cnd_t *condition) { return (pthread_cond_t *)condition; }

int mtx_init(mtx_t *mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if (type & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init(mutex_of(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return result_of(error);
}

int mtx_lock(mtx_t *mutex) { return result_of(pthread_mutex_lock(mutex_of(mutex))); }
int mtx_unlock(mtx_t *mutex) { return result_of(pthread_mutex_unlock(mutex_of(mutex))); }
void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy(mutex_of(mutex)); }

int cnd_init(cnd_t *condition) {
  return result_of(pthread_cond_init(condition_of(condition), NULL));
}
int cnd_signal(cnd_t *condition) { return result_of(pthread_cond_signal(condition_of(condition))); }
int cnd_broadcast(cnd_t *condition) {
  return result_of(pthread_cond_broadcast(condition_of(condition)));
}
void cnd_destroy(cnd_t *condition) { pthread_cond_destroy(condition_of(condition)); }

int cnd_wait(cnd_t *condition, mtx_t *mutex) {
  return result_of(pthread_cond_wait(condition_of(condition), mutex_of(mutex)));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
  const int error = pthread_cond_timedwait(condition_of(condition), mutex_of(mutex), until);
  return error == ETIMEDOUT ? thrd_timedout : result_of(error);
}

struct start {
  thrd_start_t function;
  void *argument;
};

static void *run(void *opaque) {
  const struct start start = *(struct start *)opaque;
  free(opaque);
  return (void *)(intptr_t)start.function(start.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument) {
  struct start *start = malloc(sizeof *start);
  if (!start) return thrd_nomem;
  *start = (struct start){function, argument};
  const int error = pthread_create((pthread_t *)thread, NULL, run, start);
  if (error != 0) free(start);
  return result_of(error);
}

int thrd_join(thrd_t thread, int *status) {
  void *returned;
  const int error = pthread_join((pthread_t)thread, &returned);
  if (error == 0 && status) *status = (int)(intptr_t)returned;
  return result_of(error);
}
