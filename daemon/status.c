#include "daemon/status.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "daemon/loop_inside.h"

#define PAGE_SIZE_MAX ((size_t)1024 * 1024)

struct status {
	struct http *http;
	struct counters *counters;
	struct loop *loop;
	struct arena arena;
};

static const char *const plain[] = {"Content-Type", "text/plain; charset=utf-8", "Cache-Control", "no-store",
				    NULL};
static const char *const metrics_type[] = {"Content-Type", "text/plain; version=0.0.4; charset=utf-8", NULL};

static void say(struct http_request *request, unsigned code, const char *text)
{
	http_answer(request, code, plain, text, strlen(text));
}

static void answer_ready(struct status *status, struct http_request *request)
{
	const struct loop_health *health = &status->loop->health;
	loop_look_after_health(status->loop);
	say(request, health->ready ? 200 : 503, health->ready ? "ready\n" : health->why);
}

static void answer_metrics(struct status *status, struct http_request *request)
{
	loop_measure(status->loop);
	metrics_process_refresh();
	arena_reset(&status->arena, PAGE_SIZE_MAX);
	const char *page = metrics_print(&status->counters->registry, &status->arena);
	if (page == NULL) {
		say(request, 500, "page too large\n");
		return;
	}
	http_answer(request, 200, metrics_type, page, strlen(page));
}

static void on_request(void *context, struct http_request *request)
{
	struct status *status = context;
	const char *path = http_path(request);
	if (strcmp(http_method(request), "GET") != 0 && strcmp(http_method(request), "HEAD") != 0) {
		say(request, 405, "GET only\n");
	} else if (strcmp(path, "/healthz") == 0) {
		say(request, 200, "ok\n");
	} else if (strcmp(path, "/readyz") == 0) {
		answer_ready(status, request);
	} else if (strcmp(path, "/metrics") == 0) {
		answer_metrics(status, request);
	} else {
		say(request, 404, "there are /healthz, /readyz and /metrics\n");
	}
}

struct status *status_create(const struct conf *conf, const char *listen, struct counters *counters,
			     struct loop *loop, struct fail *fail)
{
	fail->text[0] = '\0';
	if (listen[0] == '\0') {
		return NULL;
	}
	struct status *status = calloc(1, sizeof(*status));
	if (status == NULL || !arena_init(&status->arena, PAGE_SIZE_MAX)) {
		free(status);
		fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "http: no memory");
		return NULL;
	}
	status->counters = counters;
	status->loop = loop;
	struct http_options options = {
		.listen = listen,
		.body_size_max = 1024,
		.line_size_max = 8192,
		.connections_max = (unsigned)conf->http.connections_max,
		.request_s_max = (unsigned)conf->http.request_s_max,
	};
	status->http = http_create(&options, on_request, status, fail);
	if (status->http == NULL) {
		status_destroy(status);
		return NULL;
	}
	return status;
}

void status_destroy(struct status *status)
{
	if (status != NULL) {
		http_destroy(status->http);
		arena_finish(&status->arena);
		free(status);
	}
}

struct http *status_http(struct status *status)
{
	return status->http;
}
