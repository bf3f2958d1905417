/* core/flow/account.h: which domain is behind an address, from the address as it was typed on. */
#include "core/flow/account.h"

#include <string.h>

#include "core/flow/identify.h"
#include "tests/table.h"

#define TEXT_50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define HOST_240 \
	"a" TEXT_50 "." TEXT_50 "b." TEXT_50 "b." TEXT_50 "b." \
	"cccccccccccccccccccccccc.cc.test"

START_TEST(the_account_is_what_can_be_registered_of_an_address)
{
	static const struct {
		const char *row, *email;
		const char *domain; /* NULL: none */
		bool no_address;
	} rows[] = {
		{"a company", "ann@acme.test", "acme.test", false},
		{"a host of it", "Ann@Mail.ACME.test", "acme.test", false},
		{"a public suffix of two labels", "ann@mail.acme.co.uk", "acme.co.uk", false},
		{"a suffix that a company rents out", "ann@acme.uk.com", "acme.uk.com", false},
		{"a wildcard of the list", "ann@shop.acme.ck", "shop.acme.ck", false},
		{"an exception to it", "ann@mail.www.ck", "www.ck", false},
		{"a free mail provider: lists say so, not this", "ann@gmail.com", "gmail.com", false},

		{"a public suffix alone", "ann@co.uk", NULL, false},
		{"a rented suffix alone", "ann@uk.com", NULL, false},
		{"a top-level domain alone", "ann@dk", NULL, false},
		{"a host without a domain", "ann@localhost", NULL, false},
		{"an IP address", "ann@192.0.2.1", NULL, false},
		{"an IP literal", "ann@[192.0.2.1]", NULL, true},
		{"an IPv6 literal", "ann@[IPv6:2001:db8::1]", NULL, true},

		{"an IDN", "ann@post.blåbær.test", "xn--blbr-roah.test", false},
		{"an IDN of a suffix that is one", "ann@www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn", false},
		{"that suffix alone", "ann@公司.cn", NULL, false},
		{"its A-labels", "ann@www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn", false},

		{"254 bytes", "abcdefghijklm@" HOST_240, "cc.test", false},
		{"255 bytes", "abcdefghijklmn@" HOST_240, NULL, true},
		{"a quoted local part", "\"ann berg\"@acme.test", NULL, true},
		{"a quoted @", "\"ann@home\"@acme.test", NULL, true},
		{"two @", "ann@home@acme.test", NULL, true},
		{"a dot at the end", "ann@acme.test.", NULL, true},
	};
	ck_assert_uint_eq(strlen(HOST_240), 240);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char normal[IDENTITY_EMAIL_SIZE_MAX + 1];
		bool good = identify_normalise_email(rows[i].email, normal);
		ck_assert_msg(good != rows[i].no_address, "%s: an address", rows[i].row);
		const char *domain = good ? account_domain(strchr(normal, '@') + 1) : NULL;
		ck_assert_msg((domain == NULL) == (rows[i].domain == NULL), "%s: %s", rows[i].row,
			      domain != NULL ? domain : "none");
		ck_assert_msg(domain == NULL || strcmp(domain, rows[i].domain) == 0, "%s: %s", rows[i].row,
			      domain);
	}
}
END_TEST

TEST_MAIN("account", the_account_is_what_can_be_registered_of_an_address)
