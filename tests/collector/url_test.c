/* collector/source/url.h: a row a URL. */
#include "collector/source/url.h"

#include <string.h>

#include "collector/source/source.h"
#include "core/base/arena.h"
#include "core/base/text.h"
#include "tests/table.h"

static struct arena arena;

START_TEST(only_what_may_be_kept_is_kept)
{
	static const struct {
		const char *url, *clean;
	} rows[] = {
		{"https://acme.test/a/b?x=1&utm_source=n&token=7#frag", "https://acme.test/a/b?utm_source=n"},
		{"https://acme.test/a?utm_source=a&utm_medium=b", "https://acme.test/a?utm_source=a&utm_medium=b"},
		{"https://acme.test:8443/a", "https://acme.test:8443/a"},
		{"https://acme.test?x=1", "https://acme.test"},
		{"https://acme.test#x", "https://acme.test"},
		{"https://ann:secret@acme.test/a", "https://acme.test/a"},
		{"https://ann@bank.test@acme.test/a", "https://acme.test/a"},
		{"//acme.test/a?b#c", "//acme.test/a"},
		{"/a/b?session=1&utm_term=t", "/a/b?utm_term=t"},
		{"a/b#c", "a/b"},
		{"mailto:ann@acme.test", "mailto:"},
		{"tel:+4712345678", "tel:"},
		{"javascript:alert('x')", "javascript:"},
		{"data:text/html,ann", "data:"},
		{"https://acme.test/a?xutm_source=1&utm_=&utm_a", "https://acme.test/a?utm_=&utm_a"},
		{"https://acme.test/bl\xc3\xa5", "https://acme.test/bl\xc3\xa5"},
		{"https://acme.test/bl\xe5", ""},
		{"https://acme.test/a\nb", "https://acme.test/a b"},
		{"https://", "https://"},
		{"https:", "https:"},
		{"", ""},
		{NULL, ""},
	};
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_str_eq(url_clean(rows[i].url, &arena), rows[i].clean);
	}
	ck_assert_str_eq(url_without_query("https://acme.test/a?utm_source=n#f", &arena), "https://acme.test/a");
}
END_TEST

START_TEST(a_long_url_is_cut_between_characters_and_parameters)
{
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	char url[4096] = "https://acme.test/";
	for (size_t i = strlen(url); i + 2 < 3000; i += 2) {
		memcpy(url + i, "\xc3\xa5", 3);
	}
	const char *clean = url_clean(url, &arena);
	ck_assert_uint_le(strlen(clean), URL_SIZE_MAX);
	ck_assert_uint_gt(strlen(clean), URL_SIZE_MAX - 4);
	ck_assert(text_is_utf8(clean, strlen(clean)));

	size_t used = (size_t)snprintf(url, sizeof(url), "https://acme.test/?");
	for (unsigned i = 0; i < 40; i++) {
		used += (size_t)snprintf(url + used, sizeof(url) - used,
					 "utm_%02u=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&", i);
	}
	clean = url_clean(url, &arena);
	ck_assert_uint_le(strlen(clean), URL_SIZE_MAX);
	ck_assert_str_eq(clean + strlen(clean) - 3, "aaa"); /* a whole one was the last */
}
END_TEST

START_TEST(hosts_are_compared_without_ports_and_case)
{
	static const struct {
		const char *url, *page;
		bool other;
	} rows[] = {
		{"https://b.test/", "https://a.test/", true},
		{"https://A.test/x", "https://a.test/", false},
		{"https://a.test:1/", "https://a.test:2/", false},
		{"http://a.test/", "https://a.test/", false},
		{"/x", "https://a.test/", false},
		{"mailto:a@b.test", "https://a.test/", false},
		{"https://b.test/", "", false},
		{"https://a.test@b.test/", "https://a.test/", true},
		{"https://[::1]:80/", "https://[::1]/", false},
		{"https://[::1]/", "https://[::2]/", true},
		{"ftp://b.test/", "https://a.test/", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(url_other_host(rows[i].url, rows[i].page) == rows[i].other, "row %zu", i);
	}
}
END_TEST

START_TEST(extensions_are_those_of_the_path)
{
	static const char *const known[] = {"pdf", "zip"};
	static const struct {
		const char *url;
		bool has;
	} rows[] = {
		{"https://a.test/x.pdf", true},	    {"https://a.test/x.PDF?a=1#b", true}, {"/x.zip", true},
		{"https://a.test/x.pdf/", false},   {"https://a.test/pdf", false},	  {"https://a.pdf", false},
		{"https://a.test/?f=x.pdf", false}, {"https://a.test/x.pdfx", false},	  {"", false},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(url_has_extension(rows[i].url, known, 2) == rows[i].has, "row %zu", i);
	}
}
END_TEST

START_TEST(campaigns_are_decoded)
{
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	struct event *event = source_event(&arena);
	ck_assert(
		url_campaign("https://a.test/"
			     "?utm_source=a%20b&utm_medium=%C3%A6&utm_term=50%&utm_content=%e5%00x#?utm_source=z",
			     &arena, event));
	ck_assert_str_eq(event->campaign.source, "a b");
	ck_assert_str_eq(event->campaign.medium, "\xc3\xa6");
	ck_assert_str_eq(event->campaign.term, "50%");
	ck_assert_str_eq(event->campaign.content, ""); /* no UTF-8 */
	ck_assert(url_campaign(NULL, &arena, event));
}
END_TEST

START_TEST(a_link_is_made_whole_by_its_page)
{
	static const char page[] = "https://a.test:8443/shop/prices?utm_source=x#y";
	static const struct {
		const char *link, *page, *whole;
	} rows[] = {
		{"https://b.test/x", page, "https://b.test/x"},
		{"mailto:ann", page, "mailto:ann"},
		{"//b.test/x", page, "https://b.test/x"},
		{"/guide.pdf?a=1", page, "https://a.test:8443/guide.pdf?a=1"},
		{"guide.pdf", page, "https://a.test:8443/shop/guide.pdf"},
		{"?a=1", page, "https://a.test:8443/shop/prices?a=1"},
		{"#top", page, "https://a.test:8443/shop/prices#top"},
		{"x", "https://a.test", "https://a.test/x"},
		{"/x", "https://a.test", "https://a.test/x"},
		{"", page, ""},
		{"/x", "", "/x"},
		{"/x", "/shop", "/x"},
		{"x", "about:blank", "x"},
	};
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *whole = url_on_page(rows[i].link, rows[i].page, &arena);
		ck_assert_msg(strcmp(whole, rows[i].whole) == 0, "row %zu: %s", i, whole);
	}
}
END_TEST

START_TEST(campaigns_are_known_by_matomos_words_too)
{
	ck_assert(arena_init(&arena, (size_t)1024 * 1024));
	struct event *event = source_event(&arena);
	ck_assert(url_campaign("https://a.test/?pk_campaign=a&mtm_kwd=b&mtm_medium=c&pk_=d&mtm=e&xpk_source=f",
			       &arena, event));
	ck_assert_str_eq(event->campaign.name, "a");
	ck_assert_str_eq(event->campaign.term, "b");
	ck_assert_str_eq(event->campaign.medium, "c");
	ck_assert_str_eq(event->campaign.source, "");
	ck_assert_str_eq(url_clean("https://a.test/?mtm_kwd=b&utm_source=x", &arena),
			 "https://a.test/?utm_source=x");
}
END_TEST

TEST_MAIN("url", only_what_may_be_kept_is_kept, a_long_url_is_cut_between_characters_and_parameters,
	  hosts_are_compared_without_ports_and_case, extensions_are_those_of_the_path, campaigns_are_decoded,
	  a_link_is_made_whole_by_its_page, campaigns_are_known_by_matomos_words_too)
