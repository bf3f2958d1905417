#include "core/base/domain.h"

#include <idn2.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

#define LABEL_SIZE_MAX 63

static bool is_letter_digit_hyphen(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

/* Labels of letters, digits and inner hyphens with single dots between. */
static bool is_host_name(const char *domain)
{
	size_t label = 0;
	for (const char *at = domain;; at++) {
		if (*at == '.' || *at == '\0') {
			if (label == 0 || label > LABEL_SIZE_MAX || at[-1] == '-') {
				return false;
			}
			if (*at == '\0') {
				return at - domain <= DOMAIN_SIZE_MAX;
			}
			label = 0;
		} else {
			if (!is_letter_digit_hyphen(*at) || (label == 0 && *at == '-')) {
				return false;
			}
			label++;
		}
	}
}

/* "xn--…" says that it is the form of something else: only IDNA can tell whether that is true. */
static bool has_a_label(const char *domain)
{
	for (const char *label = domain; label != NULL; label = strchr(label, '.')) {
		label += *label == '.';
		if (strncasecmp(label, "xn--", 4) == 0) {
			return true;
		}
	}
	return false;
}

bool domain_normalise(const char *domain, char ret_domain[static DOMAIN_SIZE_MAX + 1])
{
	if (is_host_name(domain) && !has_a_label(domain)) {
		memcpy(ret_domain, domain, strlen(domain) + 1);
		text_lower(ret_domain);
		return true;
	}
	/* Not IDN2_USE_STD3_ASCII_RULES: libidn2 2.3.3 then drops '_' and '<' without a word, which makes a domain out of
	 * another one. is_host_name() looks at what comes back instead. */
	uint8_t *found = NULL;
	int result = idn2_lookup_u8((const uint8_t *)domain, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	bool good = result == IDN2_OK && is_host_name((const char *)found);
	if (good) {
		snprintf(ret_domain, DOMAIN_SIZE_MAX + 1, "%s", (const char *)found);
		text_lower(ret_domain);
	}
	idn2_free(found);
	return good;
}
