/*
 * The large book has a rule for nearly each page of the site, as somebody would make them with a script, and a hundred
 * regular expressions such as conf/model has. These stand among the others, one in twenty.
 */
#include "bench/match_model.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/base/check.h"

/* Conditions; a number takes the place of %u. */
struct form {
	unsigned rules; /* so many of it */
	const char *condition;
};

/* What each book has beside regular expressions, and those. Ends with 0 rules. */
static const struct form
	plain[BOOK_COUNT]
	     [10] =
		     {
			     [BOOK_SMALL] = {{1, "{path: {starts: /products/}}"},
					     {1, "{path: {starts: /blog/}}"},
					     {1, "{title: {starts: Why bridges lose position}}"},
					     {1, "{path: {starts: /support/}}"},
					     {1, "{path: {starts: /customers/}, action: PAGE_VIEW}"},
					     {1, "{path: {glob: '/library/position-*'}}"},
					     {1, "{path: {glob: '/guides/*/'}, engaged: 10s}"}},
			     [BOOK_LARGE] = {{800, "{path: {is: /products/item-%u/}}"},
					     {400, "{path: {is: /blog/note-%u/}}"},
					     {120, "{title: {is: 'Why bridges lose position, %u | Nordlys'}}"},
					     {300, "{path: {starts: /support/topic-%u}}"},
					     {60, "{path: {starts: /customers/story-%u}, action: PAGE_VIEW}"},
					     {60, "{path: {glob: '/library/position-integrity-%u*'}}"},
					     {40, "{path: {glob: '/guides/*-%u/'}, engaged: 10s}"},
					     {60, "{title: {glob: '*pilot boats, %u'}}"},
					     {60, "{action: FORM_SUBMIT, form: {is: form-%u}}"}},
},
 regexes[BOOK_COUNT][6] = {
	 [BOOK_SMALL] =
		 {{1, "{path: '^(/[a-z]{2}(-[a-z]{2})?)?/(prices|preise|prisliste|prislista|price-?list)(/|$)'}"},
		  {1, "{title: '^(our )?(webinar|film|video)\\b'}"},
		  {1, "{title: '\\b(roi|savings) calculator\\b'}"}},
	 [BOOK_LARGE] =
		 {{40, "{path: "
		       "'^(/[a-z]{2}(-[a-z]{2})?)?/(prices/%u|preise-%u|prisliste|prislista|price-?list)(/|$)'}"},
		  {25, "{title: '^(our )?(webinar|film|video) %u\\b'}"},
		  {15, "{title: '\\b(roi|savings) calculator %u\\b'}"},
		  {10, "{action: CUSTOM, label: '(demo|trial|meeting) %u (requested|booked)'}"},
		  {10, "{action: FORM_SUBMIT, form: '(?<![a-z])(demo|trial|test-?drive)-%u'}"}},
};

struct writer {
	char *text;
	size_t used, size;
	unsigned rules;
};

static void write(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void write(struct writer *writer, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	int used = vsnprintf(writer->text + writer->used, writer->size - writer->used, format, values);
	va_end(values);
	CHECK(used >= 0 && (size_t)used < writer->size - writer->used);
	writer->used += (size_t)used;
}

/* Each %u of the condition is the number. */
static void write_rule(struct writer *writer, const char *condition, unsigned number)
{
	write(writer, "- {name: web.r%u, points: {look: %u}, example: {action: CUSTOM}, match: [", writer->rules,
	      writer->rules % 4);
	for (; *condition != '\0'; condition++) {
		if (condition[0] == '%' && condition[1] == 'u') {
			write(writer, "%u", number);
			condition++;
		} else {
			write(writer, "%c", *condition);
		}
	}
	write(writer, "]}\n");
	writer->rules++;
}

/* The next rule of a list of forms, of which so many are written. False: that was all. */
static bool write_next(struct writer *writer, const struct form *forms, unsigned *written)
{
	unsigned number = *written;
	while (forms->rules > 0 && number >= forms->rules) {
		number -= forms->rules;
		forms++;
	}
	if (forms->rules == 0) {
		return false;
	}
	write_rule(writer, forms->condition, number);
	(*written)++;
	return true;
}

void match_model_write(enum match_book book, char *ret_text, size_t size, struct match_book_about *ret_about)
{
	struct writer writer = {.text = ret_text, .size = size};
	unsigned slow = 0, others = 0, apart = book == BOOK_SMALL ? 2 : 19;
	bool more = true;
	write(&writer,
	      "process: standard\nphases: [{name: none, prior: .5}, {name: look, main: early, prior: .25, entry: "
	      "1}, {name: buy, main: late, prior: .25}]\nrules:\n");
	while (more) {
		more = write_next(&writer, regexes[book], &slow);
		for (unsigned i = 0; i < apart; i++) {
			more = write_next(&writer, plain[book], &others) || more;
		}
	}
	*ret_about = (struct match_book_about){.rules = writer.rules, .regexes = slow};
}
