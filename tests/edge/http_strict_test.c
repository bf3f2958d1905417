/*
 * What two readers, a proxy in front and we, could take to end at different places, and what is no HTTP at all: refused
 * before a handler sees it. Each row is a test of its own.
 */
#include <string.h>

#include "tests/edge/http_wire.h"
#include "tests/table.h"

#define POST "POST /x HTTP/1.1\r\n"
#define CHUNK "3\r\nabc\r\n0\r\n\r\n"

static const struct {
	const char *name;
	unsigned status; /* 0: closed without a word is as good as 400 */
	const char *text;
	size_t size; /* 0: up to the NUL */
} rows[] = {
	/* clang-format off */
	{"a length", 200, POST "Host: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", 0},
	{"chunks", 200, POST "Host: x\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n" CHUNK, 0},
	{"HTTP/1.0 without Host", 200, "GET /x HTTP/1.0\r\n\r\n", 0},
	/* Two differing Content-Length; CL + TE */
	{"two lengths that differ", 400, POST "Host: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 0},
	{"the same length twice", 400, POST "Host: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0},
	{"length, then chunks", 400, POST "Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNK, 0},
	{"chunks, then length", 400, POST "Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" CHUNK, 0},
	/* Transfer-Encoding: xchunked */
	{"xchunked", 400, POST "Host: x\r\nTransfer-Encoding: xchunked\r\n\r\n" CHUNK, 0},
	{"gzip, chunked", 400, POST "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" CHUNK, 0},
	{"chunked, identity", 400, POST "Host: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n" CHUNK, 0},
	{"identity", 400, POST "Host: x\r\nTransfer-Encoding: identity\r\n\r\n", 0},
	{"chunked in two lines", 400, POST "Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNK, 0},
	{"chunked in quotes", 400, POST "Host: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n" CHUNK, 0},
	{"chunks of HTTP/1.0", 400, "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" CHUNK, 0},
	/* Content-Length: +3; no Host; two Hosts */
	{"length +3", 400, POST "Host: x\r\nContent-Length: +3\r\n\r\nabc", 0},
	{"length 3, 3", 400, POST "Host: x\r\nContent-Length: 3, 3\r\n\r\nabc", 0},
	{"length 0x3", 400, POST "Host: x\r\nContent-Length: 0x3\r\n\r\nabc", 0},
	{"length 3 3", 400, POST "Host: x\r\nContent-Length: 3 3\r\n\r\nabc", 0},
	{"length 3.0", 400, POST "Host: x\r\nContent-Length: 3.0\r\n\r\nabc", 0},
	{"length -1", 400, POST "Host: x\r\nContent-Length: -1\r\n\r\nabc", 0},
	{"no digits", 400, POST "Host: x\r\nContent-Length:\r\n\r\nabc", 0},
	{"length over 64 bits", 413, POST "Host: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc", 0},
	{"length over ours", 413, POST "Host: x\r\nContent-Length: 999999999999\r\n\r\nabc", 0},
	{"no Host", 400, POST "Content-Length: 0\r\n\r\n", 0},
	{"two Hosts", 400, POST "Host: x\r\nHost: y\r\n\r\n", 0},
	{"one Host twice", 400, POST "Host: x\r\nhost: x\r\n\r\n", 0},
	/* Space before colon */
	{"a space before Content-Length's colon", 400, POST "Host: x\r\nContent-Length : 3\r\n\r\nabc", 0},
	{"a space before Host's colon", 400, POST "Host : x\r\nContent-Length: 3\r\n\r\nabc", 0},
	{"a tab before the colon", 400, POST "Host: x\r\nTransfer-Encoding\t: chunked\r\n\r\n" CHUNK, 0},
	{"a control character in a name", 400, POST "Host: x\r\nA\x01: b\r\n\r\n", 0},
	{"a control character in a value", 400, POST "Host: x\r\nA: b\x01\r\n\r\n", 0},
	{"DEL in a value", 400, POST "Host: x\r\nA: b\x7f\r\n\r\n", 0},
	{"a name with brackets", 400, POST "Host: x\r\nA(b): c\r\n\r\n", 0},
	/* The request line */
	{"a NUL in the path", 400, "GET /x%00y HTTP/1.1\r\nHost: x\r\n\r\n", 0},
	{"a NUL in the query", 400, "GET /x?a=b%00c HTTP/1.1\r\nHost: x\r\n\r\n", 0},
	{"no target", 0, "GET\r\n\r\n", 0},
	{"another version", 505, "GET /x HTTP/2.0\r\nHost: x\r\n\r\n", 0},
	{"TLS", 0, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15},
	/* Chunks */
	{"a chunk's size with a sign", 0, POST "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", 0},
	{"a chunk's size in no digits", 0, POST "Host: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n", 0},
	{"a chunk longer than its size", 0, POST "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 0},
	/* Excused: as libmicrohttpd reads them, and http.h says so. */
	{"a folded line", 200, POST "Host: x\r\nX-Test: a\r\n b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 0},
	{"a NUL in a value", 200, "GET /x HTTP/1.1\r\nHost: x\r\nX-Test: a\0b\r\nConnection: close\r\n\r\n", 60},
	{"bare LF", 200, "GET /x HTTP/1.1\nHost: x\nConnection: close\n\n", 0},
	/* clang-format on */
};

START_TEST(a_row_is_answered_as_it_says)
{
	size_t size = rows[_i].size != 0 ? rows[_i].size : strlen(rows[_i].text);
	wire_start(5, 10);
	unsigned status = wire_ask(rows[_i].text, size);
	ck_assert_msg(status == rows[_i].status || (rows[_i].status == 0 && status == 400), "%s: %u: %s",
		      rows[_i].name, status, wire_heard);
	ck_assert_msg(wire_seen.calls == (status == 200), "%s reached the handler", rows[_i].name);
	wire_stop();
}
END_TEST

/* What follows a refused request was perhaps never meant to be one. */
START_TEST(nothing_behind_a_refused_request_is_read)
{
	static const char text[] =
		POST "Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
		     "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
	wire_start(5, 10);
	ck_assert_uint_eq(wire_ask(text, sizeof(text) - 1), 400);
	ck_assert_uint_eq(wire_seen.calls, 0);
	ck_assert_uint_eq(http_counts(wire_http).refused, 1);
	wire_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("http_strict");
	TCase *tcase = tcase_create("http_strict");
	tcase_add_loop_test(tcase, a_row_is_answered_as_it_says, 0, (int)COUNT_OF(rows));
	tcase_add_test(tcase, nothing_behind_a_refused_request_is_read);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
