#include "ctl/account_word.h"

#include <string.h>

#include "ctl/contact_word.h"

bool account_word(const char *what, const char *word, char ret_account[static DOMAIN_SIZE_MAX + 1],
		  struct fail *fail)
{
	char line[4 * DOMAIN_SIZE_MAX], domain[DOMAIN_SIZE_MAX + 1];
	if (strcmp(word, "-") == 0) {
		if (!contact_word_line(line, sizeof(line)) || contact_word_is_more()) {
			return fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s -: expected one domain on stdin", what);
		}
		line[strcspn(line, "\r")] = '\0';
		word = line;
	}
	if (!domain_normalise(word, domain)) {
		return fail_set(fail, FAIL_FATAL, EXIT_USAGE,
				"%s: expected the account's domain, as nordlys.test, or - for one on stdin", what);
	}
	memcpy(ret_account, domain, sizeof(domain));
	return true;
}
