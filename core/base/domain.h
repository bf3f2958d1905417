/*
 * Domain names as they stand in the DNS: IDNA 2008, lower case. Hides libidn2. Looks nothing up.
 */
#pragma once
#include <stdbool.h>

#define DOMAIN_SIZE_MAX 253

/*
 * The A-label form of a domain name: "BLÅBÆR.test" → "xn--blbr-roah.test". Characters are mapped as UTS 46 does
 * without its transitional rules, so "ß" stays another letter than "ss". False when it is no host name: an empty label
 * (a dot at the end too), one over 63 bytes, other characters than letters, digits and hyphens, a hyphen at an end of
 * a label, a label that IDNA refuses, over 253 bytes.
 */
bool domain_normalise(const char *domain, char ret_domain[static DOMAIN_SIZE_MAX + 1]);
