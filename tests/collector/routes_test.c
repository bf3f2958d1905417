/* collector/routes.h and collector/cors.h: what is answered to whom. */
#include "collector/routes.h"

#include <string.h>

#include "collector/conf.h"
#include "collector/cors.h"
#include "core/base/arena.h"
#include "tests/table.h"

START_TEST(paths_lead_to_their_routes)
{
	static const char text[] = "snowplow: {post_paths: [/a/tp2, /b], get_paths: [/i]}\n";
	static const struct {
		const char *method, *path;
		bool is_admin;
		enum route route;
	} rows[] = {
		{"POST", "/a/tp2", false, ROUTE_SNOWPLOW_POST},
		{"POST", "/b", false, ROUTE_SNOWPLOW_POST},
		{"GET", "/b", false, ROUTE_SNOWPLOW_GET},
		{"HEAD", "/b", false, ROUTE_SNOWPLOW_GET},
		{"PUT", "/b", false, ROUTE_SNOWPLOW_POST}, /* which refuses it */
		{"GET", "/i", false, ROUTE_SNOWPLOW_GET},
		{"POST", "/i", false, ROUTE_SNOWPLOW_GET},
		{"GET", "/i/", false, ROUTE_UNKNOWN},
		{"POST", "/v1/t", false, ROUTE_SEGMENT},
		{"POST", "/v1/batch", false, ROUTE_SEGMENT},
		{"POST", "/beacon/v1/batch", false, ROUTE_SEGMENT},
		{"GET", "/v1/t", false, ROUTE_SEGMENT}, /* which refuses it */
		{"GET", "/pixel/v1/page", false, ROUTE_SEGMENT_PIXEL},
		{"GET", "/v1/pixel/track", false, ROUTE_SEGMENT_PIXEL},
		{"POST", "/api/s/event", false, ROUTE_JITSU},
		{"POST", "/api/s/s2s/track", false, ROUTE_JITSU},
		{"POST", "/api/s/s2s", false, ROUTE_UNKNOWN},
		{"POST", "/api/event", false, ROUTE_PLAUSIBLE},
		{"POST", "/mp/collect", false, ROUTE_GA4},
		{"POST", "/v1/t", true, ROUTE_UNKNOWN},
		{"GET", "/matomo.php", false, ROUTE_MATOMO_GET},
		{"HEAD", "/piwik.php", false, ROUTE_MATOMO_GET},
		{"POST", "/matomo.php", false, ROUTE_MATOMO_POST},
		{"GET", "/matomo.js", false, ROUTE_UNKNOWN},
		{"POST", "/e/", false, ROUTE_POSTHOG},
		{"GET", "/e/", false, ROUTE_POSTHOG},
		{"POST", "/i/v0/e/", false, ROUTE_POSTHOG},
		{"POST", "/batch", false, ROUTE_POSTHOG},
		{"GET", "/array/phc_x/config.js", false, ROUTE_POSTHOG_SCRIPT},
		{"GET", "/array/phc_x/config", false, ROUTE_POSTHOG_CONFIG},
		{"GET", "/array/", false, ROUTE_POSTHOG_CONFIG},
		{"GET", "/array", false, ROUTE_UNKNOWN},
		{"GET", "/array.js", false, ROUTE_UNKNOWN},
		{"POST", "/flags/", false, ROUTE_POSTHOG_FLAGS},
		{"POST", "/decide", false, ROUTE_POSTHOG_FLAGS},
		{"POST", "/s/", false, ROUTE_POSTHOG_RECORDING},
		{"POST", "/s/x", false, ROUTE_UNKNOWN},
		{"POST", "/e/", true, ROUTE_UNKNOWN},
		{"GET", "/I", false, ROUTE_UNKNOWN},
		{"GET", "/", false, ROUTE_UNKNOWN},
		{"GET", "/healthz", false, ROUTE_HEALTHZ},
		{"GET", "/readyz", false, ROUTE_READYZ},
		{"GET", "/metrics", false, ROUTE_UNKNOWN},
		{"GET", "/metrics", true, ROUTE_METRICS},
		{"GET", "/healthz", true, ROUTE_HEALTHZ},
		{"GET", "/i", true, ROUTE_UNKNOWN},
		{"GET", "", false, ROUTE_UNKNOWN},
	};
	struct arena arena;
	struct collect_conf conf;
	struct fail fail;
	ck_assert(arena_init(&arena, CONF_ARENA_SIZE));
	ck_assert_msg(collect_conf_parse(text, sizeof(text) - 1, "x", &arena, &conf, &fail), "%s", fail.text);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(route_find(&conf, NULL, rows[i].method, rows[i].path, rows[i].is_admin) ==
				      rows[i].route,
			      "row %zu", i);
	}
}
END_TEST

START_TEST(methods_are_whole_words)
{
	ck_assert(route_allows(ROUTE_SNOWPLOW_POST, "POST"));
	ck_assert(!route_allows(ROUTE_SNOWPLOW_POST, "GET"));
	ck_assert(!route_allows(ROUTE_SNOWPLOW_POST, "POS"));
	ck_assert(!route_allows(ROUTE_SNOWPLOW_POST, "OST"));
	ck_assert(!route_allows(ROUTE_SNOWPLOW_POST, ""));
	ck_assert(route_allows(ROUTE_SNOWPLOW_GET, "HEAD"));
	ck_assert(!route_allows(ROUTE_SNOWPLOW_GET, "POST"));
	ck_assert(!route_allows(ROUTE_METRICS, "DELETE"));
}
END_TEST

START_TEST(each_source_is_documented)
{
	static char text[64 * 1024];
	FILE *file = fopen("docs/sources.md", "r");
	ck_assert_ptr_nonnull(file);
	size_t size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	ck_assert_uint_lt(size, sizeof(text) - 1);
	for (enum route route = 0; route < ROUTE_COUNT; route++) {
		char row[64];
		snprintf(row, sizeof(row), "\n| `%s` |",
			 routes[route].source != NULL ? routes[route].source : "segment");
		ck_assert_msg(strstr(text, row) != NULL, "%s", row);
	}
}
END_TEST

START_TEST(each_hook_reads_a_password_and_has_room_for_its_headers)
{
	for (enum route route = 0; route < ROUTE_COUNT; route++) {
		size_t count = 0;
		bool has_password = false;
		for (; routes[route].more_headers != NULL && routes[route].more_headers[count] != NULL; count++) {
			has_password =
				has_password || strcmp(routes[route].more_headers[count], "Authorization") == 0;
		}
		ck_assert_uint_le(count, SOURCE_MORE_HEADERS_MAX);
		ck_assert_msg(routes[route].scheme == NULL || has_password, "%s", routes[route].name);
	}
}
END_TEST

/* "name: value" lines. */
static const char *written(const struct cors *cors)
{
	static char text[4096];
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; cors->headers[i] != NULL; i += 2) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s: %s\n", cors->headers[i],
					 cors->headers[i + 1]);
	}
	return text;
}

#define ECHOED(origin) \
	"Vary: Origin\nAccess-Control-Allow-Origin: " origin "\nAccess-Control-Allow-Credentials: true\n"
#define STARRED "Vary: Origin\nAccess-Control-Allow-Origin: *\n"

START_TEST(an_origin_is_echoed_and_anything_else_is_not)
{
	static const struct {
		const char *origin, *headers;
	} rows[] = {
		{"https://acme.test", ECHOED("https://acme.test")},
		{"http://127.0.0.1:8081", ECHOED("http://127.0.0.1:8081")},
		{"http://[::1]:8081", ECHOED("http://[::1]:8081")},
		{"", "Vary: Origin\n"},
		{"null", STARRED},
		{"https://a.test https://b.test", STARRED},
		{"https://a.test, https://b.test", STARRED},
		{"https://a.test/path", STARRED},
		{"https://", STARRED},
		{"://a.test", STARRED},
		{"ht tp://a.test", STARRED},
		{"https://a.test\x01", STARRED},
		{"https://A.test", STARRED},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cors cors;
		cors_answer(rows[i].origin, &cors);
		ck_assert_msg(strcmp(written(&cors), rows[i].headers) == 0, "row %zu: %s", i, written(&cors));
	}
}
END_TEST

#define ASKED "Access-Control-Allow-Methods: GET,POST,OPTIONS\nAccess-Control-Max-Age: 3600\n"

START_TEST(a_preflight_echoes_what_was_asked_for)
{
	static const struct {
		const char *origin, *asked, *headers;
	} rows[] = {
		{"https://a.test", "content-type,sp-anonymous",
		 ECHOED("https://a.test") ASKED "Access-Control-Allow-Headers: content-type,sp-anonymous\n"},
		{"https://a.test", "", ECHOED("https://a.test") ASKED},
		{"https://a.test", "a;b", ECHOED("https://a.test") ASKED},
		{"null", "content-type", STARRED ASKED "Access-Control-Allow-Headers: content-type\n"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cors cors;
		cors_preflight(rows[i].origin, rows[i].asked, &cors);
		ck_assert_msg(strcmp(written(&cors), rows[i].headers) == 0, "row %zu: %s", i, written(&cors));
	}
}
END_TEST

TEST_MAIN("routes", each_source_is_documented, each_hook_reads_a_password_and_has_room_for_its_headers,
	  paths_lead_to_their_routes, methods_are_whole_words, an_origin_is_echoed_and_anything_else_is_not,
	  a_preflight_echoes_what_was_asked_for)
