/*
 * Host name of a mail address → the domain of the organisation behind it. Pure. Hides libpsl: the public suffix list is the
 * one that libpsl was built with, Debian's package publicsuffix; no file is read.
 *
 * Knows nothing of lists of mail providers and of overrides, which the database applies (schema/, phased.account_of).
 */
#pragma once

/*
 * What of a host name (core/base/domain.h) somebody has registered: "mail.acme.co.uk" → "acme.co.uk", a part of `host`.
 * A top-level domain that the list does not know counts as a public suffix. NULL: nothing, since it is a public suffix
 * itself ("co.uk", "localhost") or an IP address.
 */
const char *account_domain(const char *host);
