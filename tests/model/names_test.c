/* The words of core/model: each once, and in the form in which reports, metrics and docs expect them. */
#include <ctype.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/model/actor.h"
#include "core/model/event.h"
#include "core/model/outcome.h"
#include "core/model/phase.h"
#include "core/model/role.h"
#include "tests/table.h"

/* Lower-case words joined by '_': what a metric's label, a JSON value and a column may hold. */
static bool is_plain(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
	return size > 0 && name[size] == '\0' && name[0] != '_' && name[size - 1] != '_';
}

static void check_names(const char *list, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(names[i] != NULL && is_plain(names[i]), "%s %zu: \"%s\"", list, i,
			      names[i] != NULL ? names[i] : "NULL");
		for (size_t j = 0; j < i; j++) {
			ck_assert_msg(strcmp(names[i], names[j]) != 0, "%s: %s twice", list, names[i]);
		}
	}
}

#define CHECK_NAMES(name_of, first, count) \
	do { \
		const char *names[count]; \
		size_t used = 0; \
		for (int i = (first); i < (count); i++) { \
			names[used++] = name_of(i); \
		} \
		check_names(#name_of, names, used); \
	} while (0)

START_TEST(names_are_plain_words_each_once)
{
	CHECK_NAMES(channel_name, 0, CHANNEL_COUNT);
	CHECK_NAMES(opportunity_state_name, OPPORTUNITY_OPEN, OPPORTUNITY_COUNT);
	CHECK_NAMES(main_phase_name, 0, MAIN_COUNT);
	CHECK_NAMES(shown_name, 0, SHOWN_COUNT);
	CHECK_NAMES(band_name, BAND_LOW, BAND_COUNT);
	CHECK_NAMES(actor_kind_name, 0, ACTOR_KIND_COUNT);
	CHECK_NAMES(purpose_name, 0, PURPOSE_COUNT);
	CHECK_NAMES(attribute_name, 0, ATTRIBUTE_COUNT);
}
END_TEST

START_TEST(what_is_none_has_no_name)
{
	ck_assert_ptr_null(main_phase_name(MAIN_NONE));
	ck_assert_ptr_null(band_name(BAND_NULL));
	ck_assert_ptr_null(role_name(ROLE_NONE));
	ck_assert_ptr_null(action_name(99999));
	ck_assert_str_eq(action_name(ACTION_UNSAID), "UNSAID");
}
END_TEST

START_TEST(roles_are_the_words_of_reports)
{
	static const char *const words[] = {"CFO", "CMO",	  "CEO", "sales", "production",
					    "HR",  "procurement", "IT",	 "user",  "other"};
	ck_assert_uint_eq(ROLE_COUNT, COUNT_OF(words) + 1);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		ck_assert_str_eq(role_name((enum role)(i + 1)), words[i]);
	}
}
END_TEST

START_TEST(channels_are_read_in_any_case)
{
	ck_assert_int_eq(channel_read("WEB"), CHANNEL_WEB);
	ck_assert_int_eq(channel_read("offline"), CHANNEL_OFFLINE);
	ck_assert_int_eq(channel_read("unsaid"), -1);
	ck_assert_int_eq(channel_read(""), -1);
	ck_assert_int_eq(channel_read("webs"), -1);
}
END_TEST

/* The contract's list: never evidence, whatever matches. */
static const int never[] = {
	ACTION_UNSAID,
	ACTION_IDENTIFY,
	ACTION_GROUP,
	ACTION_ALIAS,
	ACTION_CONSENT,
	ACTION_CONFIRM,
	ACTION_TOUCH,
	ACTION_OPP_CHANGED,
	ACTION_EMAIL_SENT,
	ACTION_EMAIL_DELIVERED,
	ACTION_EMAIL_BOUNCE,
	ACTION_EMAIL_COMPLAINT,
	ACTION_EMAIL_UNSUBSCRIBE,
	ACTION_CHAT_STARTED,
	ACTION_CHAT_ASSIGNED,
	ACTION_CHAT_CLOSED,
	ACTION_CHAT_RATED,
};

START_TEST(actions_are_read_back_and_know_whether_they_are_evidence)
{
	static const struct {
		const char *name;
		int number;
	} actions[] = {
#define ROW(name, number, evidence) {#name, number},
		ACTION_LIST(ROW)
#undef ROW
	};
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		char lower[32];
		size_t size = strlen(actions[i].name);
		ck_assert_uint_lt(size, sizeof(lower));
		for (size_t k = 0; k <= size; k++) {
			lower[k] = (char)tolower((unsigned char)actions[i].name[k]);
		}
		ck_assert_msg(is_plain(lower), "%s", actions[i].name);
		ck_assert_str_eq(action_name(actions[i].number), actions[i].name);
		ck_assert_int_eq(action_read(lower), actions[i].number);
		bool evidence = true;
		for (size_t k = 0; k < COUNT_OF(never); k++) {
			evidence = evidence && actions[i].number != never[k];
		}
		for (int channel = CHANNEL_UNSAID; channel < CHANNEL_COUNT; channel++) {
			bool expected = evidence && channel != CHANNEL_CRM && channel != CHANNEL_OFFLINE;
			ck_assert_msg(action_is_evidence(actions[i].number, (enum channel)channel) == expected,
				      "%s on %s", actions[i].name, channel_name((enum channel)channel));
		}
		for (size_t j = 0; j < i; j++) {
			ck_assert_int_ne(actions[i].number, actions[j].number);
		}
	}
	ck_assert_int_eq(action_read("PRICING_VIEW"), -1);
	ck_assert(!action_is_evidence(99999, CHANNEL_WEB));
}
END_TEST

START_TEST(outcomes_have_a_name_and_a_line_of_help)
{
	const char *names[OUTCOME_COUNT];
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		const struct outcome_about *about = &outcome_about[i];
		names[i] = about->name;
		ck_assert_ptr_nonnull(about->help);
		size_t size = strlen(about->help);
		ck_assert_msg(size >= 8 && size <= 100, "%s: help of %zu bytes", about->name, size);
		ck_assert_msg(strchr(".,: ", about->help[size - 1]) == NULL, "%s: help ends in '%c'", about->name,
			      about->help[size - 1]);
		ck_assert_msg(!isupper((unsigned char)about->help[0]) && about->help[0] != ' ',
			      "%s: help begins so", about->name);
		ck_assert_msg(strpbrk(about->help, "\"\\\n") == NULL, "%s: help needs escapes", about->name);
	}
	check_names("outcome", names, OUTCOME_COUNT);
	ck_assert_int_eq(OUTCOME_NONE, 0);
}
END_TEST

static void name_of_none(int list)
{
	switch (list) {
	case 0:
		channel_name(CHANNEL_COUNT);
		break;
	case 1:
		shown_name(SHOWN_COUNT);
		break;
	case 2:
		band_name(BAND_COUNT);
		break;
	case 3:
		actor_kind_name(ACTOR_KIND_COUNT);
		break;
	case 4:
		purpose_name(PURPOSE_COUNT);
		break;
	case 5:
		attribute_name(ATTRIBUTE_COUNT);
		break;
	case 6:
		role_name(ROLE_COUNT);
		break;
	case 7:
		opportunity_state_name(OPPORTUNITY_COUNT);
		main_phase_name(MAIN_COUNT);
		break;
	case 8:
		main_phase_name((enum main_phase) - 2);
		break;
	}
}

/* Our bug: it stops the program instead of reading past a table. */
START_TEST(a_number_that_is_none_stops_the_program)
{
	for (int list = 0; list < 9; list++) {
		pid_t child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0) {
			if (freopen("/dev/null", "w", stderr) != NULL) {
				name_of_none(list);
			}
			_exit(0);
		}
		int status;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "list %d", list);
	}
}
END_TEST

TEST_MAIN("names", names_are_plain_words_each_once, what_is_none_has_no_name, roles_are_the_words_of_reports,
	  channels_are_read_in_any_case, actions_are_read_back_and_know_whether_they_are_evidence,
	  outcomes_have_a_name_and_a_line_of_help, a_number_that_is_none_stops_the_program)
