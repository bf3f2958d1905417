#include "core/flow/account.h"

#include <libpsl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/base/check.h"

/* No top-level domain consists of digits. */
static bool is_ip_address(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot != NULL ? dot + 1 : host;
	return last[strspn(last, "0123456789")] == '\0';
}

const char *account_domain(const char *host)
{
	const psl_ctx_t *list = psl_builtin();
	CHECK(list != NULL);
	return is_ip_address(host) ? NULL : psl_registrable_domain(list, host);
}
