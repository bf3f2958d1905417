/* core/base/signature.h against known answers: RFC 2202 and 4231, and those that the vendors of webhooks document. */
#include "core/base/signature.h"

#include <string.h>

#include "tests/table.h"

#define PIECE(text) \
	{ \
		text, sizeof(text) - 1 \
	}

START_TEST(signatures_are_those_of_the_vendors)
{
	static const struct {
		enum signature_hash hash;
		enum signature_form form;
		const char *key;
		struct signature_piece pieces[SIGNATURE_PIECES_MAX];
		size_t count;
		const char *text;
	} rows[] = {
		{SIGNATURE_SHA1,
		 SIGNATURE_HEX,
		 "Jefe",
		 {PIECE("what do ya want "), PIECE("for nothing?")},
		 2,
		 "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{SIGNATURE_SHA256,
		 SIGNATURE_HEX,
		 "Jefe",
		 {PIECE("what do ya want for nothing?")},
		 1,
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{SIGNATURE_SHA256,
		 SIGNATURE_HEX,
		 "Jefe",
		 {PIECE("what do ya want for nothing?")},
		 1,
		 "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"},
		{SIGNATURE_SHA256,
		 SIGNATURE_HEX,
		 "phased-test-secret",
		 {PIECE("1700000000"), PIECE("tok123")},
		 2,
		 "e634f020f10df9e36621220ed92b04841a8e5e3fe3fcb7d4e2a193373d1c6c37"},
		{SIGNATURE_SHA1,
		 SIGNATURE_HEX,
		 "phased-test-secret",
		 {PIECE("{\"a\":1}")},
		 1,
		 "76901cc1fd5d68469e7f3bfe51e123a50b854bd9"},
		{SIGNATURE_SHA1,
		 SIGNATURE_BASE64,
		 "phased-test-secret",
		 {PIECE("https://c.example/hooks/mandrill"), PIECE("mandrill_events"), PIECE("[]")},
		 3,
		 "ODddqw5Vol1/VZOPOqBA1IiKITo="},
		{SIGNATURE_SHA256,
		 SIGNATURE_HEX,
		 "phased-test-secret",
		 {PIECE("1700000000"), PIECE("."), PIECE("{\"a\":1}")},
		 3,
		 "7c0046939f7af4d1d7814d4533890fca5e9fa45c7ae46c09c4f1e3117fa3a439"},
		{SIGNATURE_SHA256,
		 SIGNATURE_HEX,
		 "phased-test-secret",
		 {PIECE("[1700000000000;"), PIECE("{\"a\":1}"), PIECE("]")},
		 3,
		 "8e7194747a98c1063837ab55167c0f5f133ead664e4cf4475a443da3741544c1"},
		{SIGNATURE_SHA256,
		 SIGNATURE_BASE64,
		 "phased-test-secret",
		 {PIECE("2023-11-14T22:13:20Z"), PIECE("{\"a\":1}")},
		 2,
		 "pHx6ep3qfznLBNuSugkTu3a5FzXDxt9g1sao0CZkWeY="},
		{SIGNATURE_SHA256,
		 SIGNATURE_BASE64,
		 "phased-test-secret",
		 {PIECE("POST"), PIECE("https://c.example/hooks/hubspot"), PIECE("{\"a\":1}"),
		  PIECE("1700000000000")},
		 4,
		 "RhACYWjf1pq7RMcSWD/dcUHRzqN3w4DWErxL/Xg+zp0="},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(signature_is(rows[i].hash, rows[i].form, rows[i].text, rows[i].key,
					   strlen(rows[i].key), rows[i].pieces, rows[i].count),
			      "row %zu", i);
	}
}
END_TEST

START_TEST(what_is_not_the_signature_is_none)
{
	static const char right[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
	static const struct {
		const char *about;
		enum signature_hash hash;
		enum signature_form form;
		const char *text, *key, *body;
	} rows[] = {
		{"another body", SIGNATURE_SHA256, SIGNATURE_HEX, right, "Jefe", "what do ya want for nothing!"},
		{"a truncated body", SIGNATURE_SHA256, SIGNATURE_HEX, right, "Jefe", "what do ya want for"},
		{"another key", SIGNATURE_SHA256, SIGNATURE_HEX, right, "jefe", "what do ya want for nothing?"},
		{"another hash", SIGNATURE_SHA1, SIGNATURE_HEX, right, "Jefe", "what do ya want for nothing?"},
		{"another form", SIGNATURE_SHA256, SIGNATURE_BASE64, right, "Jefe",
		 "what do ya want for nothing?"},
		{"none", SIGNATURE_SHA256, SIGNATURE_HEX, "", "Jefe", "what do ya want for nothing?"},
		{"half of it", SIGNATURE_SHA256, SIGNATURE_HEX, "5bdcc146bf60754e6a042426089575c7", "Jefe",
		 "what do ya want for nothing?"},
		{"an odd digit more", SIGNATURE_SHA256, SIGNATURE_HEX,
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38433", "Jefe",
		 "what do ya want for nothing?"},
		{"no digits", SIGNATURE_SHA256, SIGNATURE_HEX, "zz", "Jefe", "what do ya want for nothing?"},
		{"much too long", SIGNATURE_SHA256, SIGNATURE_HEX,
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		 "Jefe", "what do ya want for nothing?"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct signature_piece piece = {rows[i].body, strlen(rows[i].body)};
		ck_assert_msg(!signature_is(rows[i].hash, rows[i].form, rows[i].text, rows[i].key,
					    strlen(rows[i].key), &piece, 1),
			      "%s", rows[i].about);
	}
}
END_TEST

TEST_MAIN("signature", signatures_are_those_of_the_vendors, what_is_not_the_signature_is_none)
