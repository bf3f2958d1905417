#include "ctl/board/serve.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/base/text.h"
#include "core/edge/http_address.h"
#include "ctl/board/files.h"
#include "ctl/board/frame.h"
#include "ctl/board/job.h"

#define ARENA_SIZE ((size_t)32 * 1024 * 1024)
#define ANSWER_US (8 * MOMENT_SECOND_US) /* so long a request waits for its turn */
#define NAME_SIZE_MAX 253
#define PROCESS_SIZE_MAX 64

static const struct page *const pages[] = {&page_start,	  &page_movement, &page_people, &page_accounts,
					   &page_account, &page_journey,  &page_why};

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
			     "connect-src 'self'; base-uri 'none'; "
			     "form-action 'self'; frame-ancestors 'none'";
#define SECURITY \
	"Content-Security-Policy", policy, "X-Content-Type-Options", "nosniff", "Referrer-Policy", "no-referrer", \
		"Cache-Control", "no-store", "Cross-Origin-Resource-Policy", "same-origin", \
		"Cross-Origin-Opener-Policy", "same-origin"

/* ---- who may ask ---- */

bool serve_is_host(const char *host, const char *hosts)
{
	struct http_address address;
	char name[NAME_SIZE_MAX + 1];
	if (http_address_read(host, strlen(host), &address)) {
		return true;
	}
	size_t size = strcspn(host, ":");
	if (size == 0 || size > NAME_SIZE_MAX || strspn(host + size, ":0123456789") != strlen(host + size)) {
		return false;
	}
	memcpy(name, host, size);
	name[size] = '\0';
	text_lower(name);
	return strcmp(name, "localhost") == 0 || text_is_among(name, hosts);
}

bool serve_is_loopback(const char *listen)
{
	struct http_address address;
	if (strncmp(listen, "unix:", strlen("unix:")) == 0) {
		return true;
	}
	if (!http_address_read(listen, strlen(listen), &address)) {
		return false;
	}
	static const uint8_t one[16] = {[15] = 1};
	return (address.family == HTTP_V4 && address.bytes[0] == 127) ||
	       (address.family == HTTP_V6 && memcmp(address.bytes, one, sizeof(one)) == 0);
}

/* ---- answers ---- */

static void answer(struct http_request *request, unsigned status, const char *type, const char *text, size_t size)
{
	/* A page that says that something is away asks again by itself. */
	const char *const usual[] = {"Content-Type", type, SECURITY, NULL};
	const char *const later[] = {"Content-Type", type, SECURITY, "Retry-After", "5", "Refresh", "5", NULL};
	const char *const allow[] = {"Content-Type", type, SECURITY, "Allow", "GET, HEAD", NULL};
	http_answer(request, status, status == 503 ? later : status == 405 ? allow : usual, text, size);
}

static void say(struct http_request *request, unsigned status, const char *title, const char *text)
{
	char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);
	CHECK(out != NULL);
	frame_say(title, text, out);
	CHECK(fclose(out) == 0);
	answer(request, status, "text/html; charset=utf-8", page, size);
	free(page);
}

/* ---- what is asked ---- */

static bool read_name(struct http_request *request, const char *name, size_t size_max, const char **ret_text)
{
	const char *text = http_argument(request, name);
	if (text == NULL || text[0] == '\0') {
		return true;
	}
	size_t size = strlen(text);
	*ret_text = text;
	return size <= size_max && text_is_utf8(text, size) && !text_has_controls(text, size);
}

static bool read_day(struct http_request *request, const char *name, int64_t *ret_us)
{
	char text[MOMENT_TEXT_SIZE];
	const char *day = http_argument(request, name);
	*ret_us = INT64_MIN;
	if (day == NULL || day[0] == '\0') {
		return true;
	}
	snprintf(text, sizeof(text), "%.10sT00:00:00Z", day);
	return strlen(day) == strlen("2026-11-25") && moment_read(text, ret_us);
}

/* Texts are copied: the request's own bytes are not ours for as long as it waits. */
static bool keep(const char **text)
{
	*text = strdup(*text);
	return *text != NULL;
}

static bool read_asked(struct http_request *request, const struct page *page, struct job_asked *ret_asked)
{
	struct job_asked *asked = ret_asked;
	const char *contact = http_argument(request, "contact");
	const char *part = http_argument(request, "part");
	*asked = (struct job_asked){
		.process = "standard", .account = "", .is_part = part != NULL && strcmp(part, "1") == 0};
	asked->has_contact = contact != NULL && uuid_read(contact, &asked->contact);
	return (contact == NULL || asked->has_contact) &&
	       read_name(request, "process", PROCESS_SIZE_MAX, &asked->process) &&
	       read_name(request, "account", NAME_SIZE_MAX, &asked->account) &&
	       read_day(request, "day", &asked->day_us) && read_day(request, "until", &asked->until_us) &&
	       ((page->needs & PAGE_NEEDS_CONTACT) == 0 || asked->has_contact) &&
	       ((page->needs & PAGE_NEEDS_ACCOUNT) == 0 || asked->account[0] != '\0');
}

static void end_job(struct job *job)
{
	arena_finish(&job->arena);
	free((void *)(uintptr_t)job->asked.process);
	free((void *)(uintptr_t)job->asked.account);
	free(job);
}

static void ask(struct serve *serve, struct http_request *request, const struct page *page)
{
	struct job *job = calloc(1, sizeof(*job));
	CHECK(job != NULL);
	if (!read_asked(request, page, &job->asked)) {
		free(job);
		say(request, 400, "That is no question",
		    "Something in the address of this page is not as the board writes it.");
		return;
	}
	CHECK(keep(&job->asked.process) && keep(&job->asked.account));
	job->page = page;
	job->request = request;
	job->by_us = moment_monotonic_us() + ANSWER_US;
	if (!arena_init(&job->arena, ARENA_SIZE) || !links_ask(serve->links, job)) {
		end_job(job);
		say(request, 503, "Too many ask at once",
		    "The board answers a few at a time. Try again in a moment.");
	}
}

static const struct page *page_of(const char *path)
{
	for (size_t i = 0; i < COUNT_OF(pages); i++) {
		if (strcmp(pages[i]->path, path) == 0) {
			return pages[i];
		}
	}
	return NULL;
}

void serve_request(void *context, struct http_request *request)
{
	struct serve *serve = context;
	const char *path = http_path(request);
	const struct files_file *file = files_find(path);
	const struct page *page = page_of(path);
	if (!serve_is_host(http_header(request, "Host"), serve->hosts)) {
		say(request, 421, "Not under this name",
		    "The board answers to an address or to localhost. It answers to another name where phasectl "
		    "board --host says so.");
	} else if (strcmp(http_method(request), "GET") != 0 && strcmp(http_method(request), "HEAD") != 0) {
		say(request, 405, "The board is for reading", "GET and HEAD are all that it answers to.");
	} else if (file != NULL) {
		answer(request, 200, file->type, file->text, strlen(file->text));
	} else if (page != NULL) {
		ask(serve, request, page);
	} else {
		say(request, 404, "There is no such page", "The board has the pages above.");
	}
}

/* ---- what came of it ---- */

static void show(struct job *job)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	CHECK(out != NULL);
	if (!job->asked.is_part) {
		frame_begin(job, pages, COUNT_OF(pages), out);
	}
	unsigned status = job->page->show(job, out);
	if (!job->asked.is_part) {
		frame_end(out);
	}
	CHECK(fclose(out) == 0);
	answer(job->request, status, "text/html; charset=utf-8", text, size);
	free(text);
}

void serve_done(void *context, struct job *job, enum links_end end, const struct fail *fail)
{
	(void)context;
	switch (end) {
	case LINKS_ANSWERED:
		show(job);
		break;
	case LINKS_AWAY:
		say(job->request, 503, "The database is away",
		    "PostgreSQL does not answer, or does not let the board in. This page asks again by itself "
		    "every five seconds; "
		    "the terminal that the board was started in says more.");
		break;
	case LINKS_TOO_LONG:
		say(job->request, 503, "That took too long",
		    "The database did not answer in time. This page asks again by itself.");
		break;
	case LINKS_REFUSED:
		fprintf(stderr, "phasectl: board: %s: %s\n", job->page->path, fail->text);
		say(job->request, 500, "The database would not answer that",
		    "Its schema may be of another version (run phasectl migrate), or the board's role may not "
		    "read what this page "
		    "shows (grant it phased_board). The terminal that the board was started in says more.");
		break;
	}
	end_job(job);
}
