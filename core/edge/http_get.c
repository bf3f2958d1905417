#include "core/edge/http_get.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/check.h"

struct page {
	char *bytes;
	size_t used, size_max;
};

static size_t on_bytes(char *bytes, size_t one, size_t size, void *context)
{
	struct page *page = context;
	size *= one;
	if (size > page->size_max - page->used) {
		return 0; /* which ends it */
	}
	memcpy(page->bytes + page->used, bytes, size);
	page->used += size;
	return size;
}

static bool ask(CURL *curl, const char *address, const char *path, unsigned ms_max, struct page *page)
{
	static const char unix_prefix[] = "unix:";
	char url[512];
	bool is_unix = strncmp(address, unix_prefix, sizeof(unix_prefix) - 1) == 0;
	int size = snprintf(url, sizeof(url), "http://%s%s", is_unix ? "localhost" : address, path);
	if (size < 0 || (size_t)size >= sizeof(url)) {
		return false;
	}
	if (is_unix) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, address + sizeof(unix_prefix) - 1);
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ms_max);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, page);
	return curl_easy_perform(curl) == CURLE_OK;
}

bool http_get(const char *address, const char *path, size_t size_max, unsigned ms_max, struct arena *arena,
	      unsigned *ret_status, const char **ret_body, struct fail *fail)
{
	CURL *curl = curl_easy_init();
	struct page page = {.bytes = malloc(size_max), .size_max = size_max};
	CHECK(curl != NULL && page.bytes != NULL);
	bool good = ask(curl, address, path, ms_max, &page);
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	const char *body = good ? arena_text(arena, page.bytes, page.used) : NULL;
	free(page.bytes);
	if (!good) {
		return fail_set(fail, FAIL_RETRY, EXIT_AWAY, "http: %s: no answer", address);
	}
	if (body == NULL) {
		return fail_set(fail, FAIL_FATAL, EXIT_OUR_BUG, "http: %s: does not fit into memory", address);
	}
	*ret_status = (unsigned)status;
	*ret_body = body;
	return true;
}
