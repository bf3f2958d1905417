/* collector/visitor.h: whose cookie is read, who gets one, and what it says. */
#include "collector/visitor.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/flow/identify.h"
#include "tests/table.h"

#define ID "6f9619ff-8b86-4d01-b42d-00c04fc964ff"

static struct arena arena;
static const struct identity_key key = {.bytes = "0123456789abcdef0123456789abcdef", .size = 32};
static const char *const domains[] = {"acme.test", "shop.other.test"};
static const struct visitor_options options = {.name = "sp",
					       .days = 365,
					       .domains = domains,
					       .domains_count = COUNT_OF(domains),
					       .is_secure = true,
					       .same_site = VISITOR_SAME_SITE_NONE,
					       .key = &key};

#define EVENTS_MAX 3

/* A request with these events; "" in `ids` ends them. */
struct scene {
	struct source_request request;
	struct source_item list[EVENTS_MAX];
	struct source_items items;
	struct visitor visitor;
};

static void scene_init(struct scene *scene, size_t count)
{
	*scene = (struct scene){.items = {.count = count, .items = scene->list}};
	if (arena.base == NULL) {
		ck_assert(arena_init(&arena, (size_t)4 * 1024 * 1024));
	}
	for (size_t i = 0; i < SOURCE_HEADER_COUNT; i++) {
		scene->request.header[i] = "";
	}
	for (size_t i = 0; i < count; i++) {
		scene->list[i].event = source_event(&arena);
		scene->list[i].event->id = "event-1";
	}
}

static void settle(struct scene *scene, const struct visitor_options *with, const char *cookies)
{
	ck_assert(visitor_settle(with, &scene->request, cookies, &scene->items, &arena, &scene->visitor));
}

static const char *id_of(const struct scene *scene, size_t i)
{
	return scene->list[i].event->identity.anonymous_id;
}

START_TEST(the_cookie_stands_for_who_is_not_named)
{
	static const struct {
		const char *cookies;
		bool is_read;
	} rows[] = {
		{"sp=" ID, true},
		{"a=b; sp=" ID "; c=d", true},
		{"a=b;sp=" ID, true},
		{"", false},
		{"sp=", false},
		{"sp=ann.aas@acme.test", false},
		{"sp=ann.aas@acme.test.this.is.no.uuid!!!!!", false},
		{"xsp=" ID, false},
		{"_sp=" ID, false},
		{"sp=" ID "0", false},
		{"a=sp=" ID, false},
		{"sp", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene scene;
		scene_init(&scene, 2);
		scene.list[1].event->identity.anonymous_id = "own";
		settle(&scene, &options, rows[i].cookies);
		ck_assert_msg((strcmp(id_of(&scene, 0), ID) == 0) == rows[i].is_read, "row %zu: %s", i,
			      id_of(&scene, 0));
		ck_assert_uint_eq(strlen(id_of(&scene, 0)), UUID_TEXT_SIZE - 1);
		ck_assert_str_eq(id_of(&scene, 1), "own");
		ck_assert_int_eq(scene.visitor.what, VISITOR_SET);
		ck_assert_str_eq(scene.visitor.id, id_of(&scene, 0));
	}
}
END_TEST

START_TEST(a_retry_without_the_cookie_is_the_same_visitor)
{
	struct scene one, again, other, pixel, second_pixel;
	scene_init(&one, 1);
	scene_init(&again, 2); /* trackers add a new event to what failed */
	scene_init(&other, 1);
	scene_init(&pixel, 1);
	scene_init(&second_pixel, 1);
	again.list[1].event->id = "event-2";
	other.list[0].event->id = "event-3";
	pixel.list[0].event->id = second_pixel.list[0].event->id = SOURCE_MADE_ID "0123456789abcdef";
	settle(&one, &options, "");
	settle(&again, &options, "");
	settle(&other, &options, "");
	settle(&pixel, &options, "");
	settle(&second_pixel, &options, "");
	ck_assert_str_eq(id_of(&one, 0), id_of(&again, 0));
	ck_assert_str_eq(id_of(&one, 0), id_of(&again, 1));
	ck_assert_str_ne(id_of(&one, 0), id_of(&other, 0));
	ck_assert_str_ne(id_of(&pixel, 0), id_of(&second_pixel, 0));
	ck_assert_int_eq(one.visitor.id[14], '4'); /* a UUID of version 4 */
}
END_TEST

START_TEST(who_is_not_to_be_known_is_not)
{
	struct scene scene;
	scene_init(&scene, 1);
	scene.request.header[SOURCE_SP_ANONYMOUS] = "*";
	settle(&scene, &options, "sp=" ID);
	ck_assert_str_eq(id_of(&scene, 0), "");
	ck_assert_int_eq(scene.visitor.what, VISITOR_SILENT);

	struct visitor_options none = options;
	none.name = "";
	scene_init(&scene, 1);
	settle(&scene, &none, "=" ID);
	ck_assert_str_eq(id_of(&scene, 0), "");
	ck_assert_int_eq(scene.visitor.what, VISITOR_SILENT);

	scene_init(&scene, 1);
	scene.list[0].event = NULL; /* rejected */
	settle(&scene, &options, "sp=" ID);
	ck_assert_int_eq(scene.visitor.what, VISITOR_SILENT);
}
END_TEST

START_TEST(who_refuses_loses_the_cookie)
{
	static const enum statement refusals[] = {STATEMENT_DENIED, STATEMENT_WITHDRAWN};
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct scene scene;
		scene_init(&scene, 2);
		scene.list[1].event->consent.analytics = refusals[i];
		settle(&scene, &options, "sp=" ID);
		ck_assert_int_eq(scene.visitor.what, VISITOR_FORGET);
		settle(&scene, &options, "other=1");
		ck_assert_int_eq(scene.visitor.what, VISITOR_SILENT);
	}
}
END_TEST

START_TEST(the_cookie_says_how_long_and_where)
{
	const struct visitor set = {.what = VISITOR_SET, .id = ID}, forget = {.what = VISITOR_FORGET, .id = ID};
	const struct visitor silent = {.what = VISITOR_SILENT};
	struct visitor_options lax = options;
	lax.is_secure = false;
	lax.same_site = VISITOR_SAME_SITE_LAX;
	lax.days = 1;
	static const char *const within[] = {"eu.acme.test", "acme.test", "us.acme.test"};
	struct visitor_options nested = lax;
	nested.domains = within;
	nested.domains_count = COUNT_OF(within);
	struct visitor_options none = options;
	none.name = "";
	const struct {
		const struct visitor_options *options;
		const struct visitor *visitor;
		const char *host, *cookies; /* one a line */
	} rows[] = {
		{&options, &set, "", "sp=" ID "; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=None"},
		{&options, &set, "c.acme.test",
		 "sp=" ID "; Path=/; Max-Age=31536000; Domain=acme.test; Secure; HttpOnly; SameSite=None"},
		{&options, &set, "ACME.test:8443",
		 "sp=" ID "; Path=/; Max-Age=31536000; Domain=acme.test; Secure; HttpOnly; SameSite=None"},
		{&options, &set, "notacme.test",
		 "sp=" ID "; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=None"},
		{&options, &set, "[::1]:80",
		 "sp=" ID "; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=None"},
		/* One by which the browser did not ask, or which another configuration chose, goes too. */
		{&options, &forget, "other.test", "sp=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None"},
		{&options, &forget, "shop.other.test",
		 "sp=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None\n"
		 "sp=; Path=/; Max-Age=0; Domain=shop.other.test; Secure; HttpOnly; SameSite=None"},
		{&nested, &set, "c.eu.acme.test",
		 "sp=" ID "; Path=/; Max-Age=86400; Domain=eu.acme.test; HttpOnly; SameSite=Lax"},
		{&nested, &forget, "c.eu.acme.test",
		 "sp=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax\n"
		 "sp=; Path=/; Max-Age=0; Domain=eu.acme.test; HttpOnly; SameSite=Lax\n"
		 "sp=; Path=/; Max-Age=0; Domain=acme.test; HttpOnly; SameSite=Lax"},
		{&options, &silent, "c.acme.test", ""},
		{&lax, &set, "", "sp=" ID "; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"},
		{&none, &set, "", ""}, /* a reload took the name between request and answer */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct visitor_cookies cookies;
		char all[VISITOR_COOKIES_MAX * VISITOR_COOKIE_SIZE] = "";
		visitor_cookies(rows[i].options, rows[i].visitor, rows[i].host, &cookies);
		for (size_t j = 0; j < cookies.count; j++) {
			size_t used = strlen(all);
			snprintf(all + used, sizeof(all) - used, "%s%s", j > 0 ? "\n" : "", cookies.lines[j]);
		}
		ck_assert_msg(strcmp(all, rows[i].cookies) == 0, "row %zu: %s", i, all);
	}
}
END_TEST

START_TEST(what_takes_it_away_has_a_limit)
{
	static const char *const many[] = {"a.test", "a.test", "a.test", "a.test", "a.test",
					   "a.test", "a.test", "a.test", "a.test"};
	const struct visitor forget = {.what = VISITOR_FORGET, .id = ID}, set = {.what = VISITOR_SET, .id = ID};
	struct visitor_options with = options;
	struct visitor_cookies cookies;
	with.domains = many;
	with.domains_count = COUNT_OF(many);
	visitor_cookies(&with, &forget, "a.test", &cookies);
	ck_assert_uint_eq(cookies.count, VISITOR_COOKIES_MAX);
	visitor_cookies(&with, &set, "a.test", &cookies);
	ck_assert_uint_eq(cookies.count, 1);
}
END_TEST

TEST_MAIN("visitor", the_cookie_stands_for_who_is_not_named, a_retry_without_the_cookie_is_the_same_visitor,
	  who_is_not_to_be_known_is_not, who_refuses_loses_the_cookie, the_cookie_says_how_long_and_where,
	  what_takes_it_away_has_a_limit)
