/* core/edge/http_address.h: who asks, and who only says so. Addresses of documentation, RFC 5737 and 3849. */
#include "core/edge/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/table.h"

static struct http_address address(const char *text)
{
	struct http_address found = {.family = HTTP_NOBODY};
	if (strcmp(text, "unix") == 0) {
		found.family = HTTP_UNIX;
	} else if (text[0] == '?') {
		found = address(text + 1);
		found.family = HTTP_UNCLEAR;
	} else if (text[0] != '\0') {
		ck_assert_msg(http_address_read(text, strlen(text), &found), "%s", text);
	}
	return found;
}

static bool same(const struct http_address *a, const struct http_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

START_TEST(addresses_are_read_with_and_without_a_port)
{
	static const struct {
		const char *text, *same_as; /* NULL: none */
	} rows[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"192.0.2.1:8080", "192.0.2.1"},
		{"2001:db8::1", "2001:db8:0:0:0:0:0:1"},
		{"[2001:db8::1]", "2001:db8::1"},
		{"[2001:db8::1]:443", "2001:db8::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"", NULL},
		{"unknown", NULL},
		{"_hidden", NULL},
		{"192.0.2", NULL},
		{"192.0.2.256", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:x", NULL},
		{"192.0.2.1:123456", NULL},
		{"192.0.2.1 ", NULL},
		{"[2001:db8::1", NULL},
		{"[192.0.2.1]", NULL},
		{"2001:db8::1]", NULL},
		{"[2001:db8::1]x", NULL},
		{"2001:db8::1%eth0", NULL},
		{"1111111111111111111111111111111111111111111111111111111111111111111", NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_address found;
		bool read = http_address_read(rows[i].text, strlen(rows[i].text), &found);
		ck_assert_msg(read == (rows[i].same_as != NULL), "row %zu: %s", i, rows[i].text);
		if (read) {
			struct http_address wanted = address(rows[i].same_as);
			ck_assert_msg(same(&found, &wanted), "row %zu: %s", i, rows[i].text);
		}
	}
}
END_TEST

START_TEST(a_v4_peer_of_a_v6_socket_is_v4)
{
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr), 1);
	struct http_address found = http_address_of((const struct sockaddr *)&mapped, sizeof(mapped));
	struct http_address wanted = address("192.0.2.7");
	ck_assert(same(&found, &wanted));
	const struct sockaddr local = {.sa_family = AF_UNIX};
	found = http_address_of(&local, sizeof(local));
	ck_assert_int_eq(found.family, HTTP_UNIX);
}
END_TEST

START_TEST(a_v6_address_stands_for_its_64)
{
	struct http_address a = address("2001:db8:1:2:3:4:5:6"), b = address("2001:db8:1:2:ffff::1"),
			    c = address("2001:db8:1:3:3:4:5:6"), d = address("192.0.2.1"),
			    e = address("192.0.2.2");
	a = http_address_group(&a);
	b = http_address_group(&b);
	c = http_address_group(&c);
	d = http_address_group(&d);
	e = http_address_group(&e);
	ck_assert(same(&a, &b));
	ck_assert(!same(&a, &c));
	ck_assert(!same(&d, &e));
}
END_TEST

START_TEST(networks_hold_what_lies_in_them)
{
	static const struct {
		const char *network, *inside, *outside; /* inside NULL: refused */
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
		{"192.0.2.128/25", "192.0.2.129", "192.0.2.127"},
		{"192.0.2.4/30", "192.0.2.7", "192.0.2.8"},
		{"0.0.0.0/0", "203.0.113.1", "2001:db8::1"},
		{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"},
		{"::1", "::1", "::2"},
		{"unix", "unix", "127.0.0.1"},
		{"10.0.0.1/8", NULL, NULL},
		{"10.0.0.0/33", NULL, NULL},
		{"10.0.0.0/", NULL, NULL},
		{"10.0.0.0/-1", NULL, NULL},
		{"10.0.0.0/8x", NULL, NULL},
		{"2001:db8::/129", NULL, NULL},
		{"2001:db8::1/32", NULL, NULL},
		{"10.0.0.1:80", NULL, NULL},
		{"[::1]", NULL, NULL},
		{"localhost", NULL, NULL},
		{"", NULL, NULL},
		{"*", NULL, NULL},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_network network;
		bool read = http_network_read(rows[i].network, &network);
		ck_assert_msg(read == (rows[i].inside != NULL), "row %zu: %s", i, rows[i].network);
		if (read) {
			const struct http_networks all = {&network, 1};
			struct http_address inside = address(rows[i].inside), outside = address(rows[i].outside);
			ck_assert_msg(http_networks_hold(&all, &inside), "row %zu", i);
			ck_assert_msg(!http_networks_hold(&all, &outside), "row %zu", i);
		}
	}
}
END_TEST

#define PROXY "10.0.0.1"

START_TEST(only_proxies_that_are_believed_say_who_asks)
{
	static const struct {
		const char *peer;
		enum http_forwarded forwarded;
		const char *values[3];
		const char *client; /* "": nobody; "?…": unclear, behind that one */
	} rows[] = {
		/* Nobody of ours: whatever it says. */
		{"192.0.2.9", HTTP_X_FORWARDED_FOR, {"198.51.100.7"}, "192.0.2.9"},
		{"192.0.2.9", HTTP_FORWARDED, {"for=198.51.100.7"}, "192.0.2.9"},
		{"192.0.2.9", HTTP_FORWARDED_NONE, {NULL}, "192.0.2.9"},
		{PROXY, HTTP_X_FORWARDED_FOR, {"198.51.100.7"}, "198.51.100.7"},
		{"unix", HTTP_X_FORWARDED_FOR, {"198.51.100.7"}, "198.51.100.7"},
		/* From the right: what stands left of the first that is not ours was said by that one. */
		{PROXY, HTTP_X_FORWARDED_FOR, {"203.0.113.1, 198.51.100.7"}, "198.51.100.7"},
		{PROXY, HTTP_X_FORWARDED_FOR, {"203.0.113.1, 198.51.100.7, 10.0.0.2,10.0.0.3"}, "198.51.100.7"},
		{PROXY, HTTP_X_FORWARDED_FOR, {"nonsense, 198.51.100.7:4711"}, "198.51.100.7"},
		{PROXY, HTTP_X_FORWARDED_FOR, {"203.0.113.1", "198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		{PROXY, HTTP_X_FORWARDED_FOR, {"[2001:db8::7]:80, 10.0.0.2"}, "2001:db8::7"},
		/* Only ours, or nothing that can be read: nobody. */
		{PROXY, HTTP_X_FORWARDED_FOR, {NULL}, ""},
		{PROXY, HTTP_X_FORWARDED_FOR, {"10.0.0.2"}, ""},
		{PROXY, HTTP_X_FORWARDED_FOR, {""}, ""},
		{PROXY, HTTP_X_FORWARDED_FOR, {"198.51.100.7, unknown"}, ""},
		{PROXY, HTTP_X_FORWARDED_FOR, {"198.51.100.7,"}, ""},
		{PROXY, HTTP_FORWARDED_NONE, {NULL}, ""},
		/* RFC 7239 */
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7"}, "198.51.100.7"},
		{PROXY, HTTP_FORWARDED, {"For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1"}, "2001:db8::7"},
		{PROXY,
		 HTTP_FORWARDED,
		 {"for=203.0.113.1, by=10.0.0.9; for=198.51.100.7 , for=10.0.0.2"},
		 "198.51.100.7"},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7, proto=https"}, ""},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7, for=_secret"}, ""},
		{PROXY, HTTP_FORWARDED, {"for=unknown"}, ""},
		{PROXY, HTTP_FORWARDED, {"198.51.100.7"}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7,, "}, "198.51.100.7"}, /* empty ones are none */
		{PROXY, HTTP_FORWARDED, {""}, ""},
		{PROXY, HTTP_FORWARDED, {"for=203.0.113.1", "for=198.51.100.7 ; ;proto=http"}, "198.51.100.7"},
		/* What the client sent stands in quotes, or should. */
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=\"a;for=203.0.113.6;b\""}, "198.51.100.7"},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=\"a, for=203.0.113.6\""}, "198.51.100.7"},
		{PROXY,
		 HTTP_FORWARDED,
		 {"for=198.51.100.7;host=\"a\\\";for=203.0.113.6;b=\\\"\""},
		 "198.51.100.7"},
		{PROXY, HTTP_FORWARDED, {"host=\"a;for=203.0.113.6\" ; for=\"198.51.100.7\""}, "198.51.100.7"},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=a;for=203.0.113.6;b"}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=\"a\";for=203.0.113.6;b=\"\""}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=\"a\"\""}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=\"a\\\""}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=\"a"}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=a\""}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=198.51.100.7;host=a,b"}, "?" PROXY},
		{"unix", HTTP_FORWARDED, {"for=198.51.100.7;host=\"a\"\""}, "?unix"},
		/* A quote that the client left open takes in the proxy's own words up to the next one. */
		{PROXY, HTTP_FORWARDED, {"x=\", for=198.51.100.7;host=\"a\";for=203.0.113.6\""}, "?" PROXY},
		{PROXY, HTTP_FORWARDED, {"for=203.0.113.6\", for=198.51.100.7"}, "?" PROXY},
		/* On a line of its own, or left of who is not ours, it is the client's word. */
		{PROXY, HTTP_FORWARDED, {"for=\"", "for=198.51.100.7"}, "198.51.100.7"},
		{PROXY, HTTP_FORWARDED, {"for=1;for=2, for=198.51.100.7"}, "198.51.100.7"},
	};
	struct http_network ours[2];
	ck_assert(http_network_read("10.0.0.0/8", &ours[0]) && http_network_read("unix", &ours[1]));
	const struct http_networks proxies = {ours, COUNT_OF(ours)};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_address peer = address(rows[i].peer), wanted = address(rows[i].client);
		size_t count = 0;
		while (count < COUNT_OF(rows[i].values) && rows[i].values[count] != NULL) {
			count++;
		}
		struct http_address found =
			http_client_of(&peer, &proxies, rows[i].forwarded, rows[i].values, count);
		ck_assert_msg(same(&found, &wanted), "row %zu", i);
	}
}
END_TEST

START_TEST(an_endless_chain_is_nobodys)
{
	char chain[16 * (HTTP_HOPS_MAX + 2)] = "198.51.100.7";
	for (unsigned i = 0; i < HTTP_HOPS_MAX; i++) {
		size_t used = strlen(chain);
		snprintf(chain + used, sizeof(chain) - used, ",10.0.0.2");
	}
	struct http_network ours;
	ck_assert(http_network_read("10.0.0.0/8", &ours));
	const struct http_networks proxies = {&ours, 1};
	const struct http_address peer = address(PROXY);
	const char *values[] = {chain};
	struct http_address found = http_client_of(&peer, &proxies, HTTP_X_FORWARDED_FOR, values, 1);
	ck_assert_int_eq(found.family, HTTP_NOBODY);
	chain[strlen(chain) - strlen(",10.0.0.2")] = '\0';
	found = http_client_of(&peer, &proxies, HTTP_X_FORWARDED_FOR, values, 1);
	ck_assert_int_eq(found.family, HTTP_V4);
}
END_TEST

TEST_MAIN("http_address", addresses_are_read_with_and_without_a_port, a_v4_peer_of_a_v6_socket_is_v4,
	  a_v6_address_stands_for_its_64, networks_hold_what_lies_in_them,
	  only_proxies_that_are_believed_say_who_asks, an_endless_chain_is_nobodys)
