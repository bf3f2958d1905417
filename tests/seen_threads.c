/*
 * For builds with ThreadSanitizer: the threads of C11 by way of POSIX's.
 *
 * librdkafka makes its threads and locks with C11's calls. ThreadSanitizer of clang 14 knows POSIX's alone: a thread made by
 * thrd_create() has no state of it and crashes, and what a lock of mtx_lock() orders looks like a race. These stand before glibc's,
 * which are the same things under another name there. The same for a call of ours that it does not know: it would take the thread
 * for one that nobody waited for.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

#include "core/base/check.h"

static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && sizeof(cnd_t) >= sizeof(pthread_cond_t) &&
		      sizeof(once_flag) >= sizeof(pthread_once_t),
	      "C11's room has to hold POSIX's");

struct start {
	thrd_start_t run;
	void *context;
};

static int result(int error)
{
	return error == 0	    ? thrd_success
	       : error == EBUSY	    ? thrd_busy
	       : error == ETIMEDOUT ? thrd_timedout
	       : error == ENOMEM    ? thrd_nomem
				    : thrd_error;
}

static void *on_start(void *context)
{
	struct start start = *(struct start *)context;
	free(context);
	return (void *)(intptr_t)start.run(start.context);
}

int thrd_create(thrd_t *ret_thread, thrd_start_t run, void *context)
{
	struct start *start = malloc(sizeof(*start));
	CHECK(start != NULL);
	*start = (struct start){run, context};
	int error = pthread_create(ret_thread, NULL, on_start, start);
	if (error != 0) {
		free(start);
	}
	return result(error);
}

int thrd_join(thrd_t thread, int *ret_status)
{
	void *status;
	int error = pthread_join(thread, &status);
	if (error == 0 && ret_status != NULL) {
		*ret_status = (int)(intptr_t)status;
	}
	return result(error);
}

int pthread_clockjoin_np(pthread_t thread, void **ret_status, clockid_t clock, const struct timespec *until)
{
	static const struct timespec pause = {.tv_nsec = 1000000};
	for (;;) {
		struct timespec now;
		int error = pthread_tryjoin_np(thread, ret_status);
		clock_gettime(clock, &now);
		if (error != EBUSY) {
			return error;
		}
		if (now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec)) {
			return ETIMEDOUT;
		}
		nanosleep(&pause, NULL);
	}
}

int mtx_init(mtx_t *mutex, int type)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes,
				  (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
	int error = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return result(error);
}

void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex)
{
	return result(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
	return result(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
	return result(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

void call_once(once_flag *flag, void (*run)(void))
{
	pthread_once((pthread_once_t *)flag, run);
}

int cnd_init(cnd_t *condition)
{
	return result(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition)
{
	pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition)
{
	return result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
	return result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
	return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
	return result(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}
