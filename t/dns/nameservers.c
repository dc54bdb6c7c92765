#include "dns/nameservers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "t/lib/tap.h"

static const struct file_case {
	const char *text;
	const char *servers[NAMESERVERS_MOST];
} files[] = {
	{"nameserver 192.0.2.1\n", {"192.0.2.1"}},
	{"# nameserver 192.0.2.9\nsearch a b\nnameserver\t192.0.2.1  \nnameserver ::1 # here\n"
	 "options edns0\n",
		{"192.0.2.1", "::1"}},
	{"nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n",
		{"192.0.2.1", "192.0.2.2", "192.0.2.3"}},
	{"nameserver fe80::1%lo", {"fe80::1%lo"}},
	{" nameserver 192.0.2.1\nnameservers 192.0.2.1\nnameserver192.0.2.1\nnameserver\n"
	 "nameserver example.org\n",
		{"127.0.0.1"}},
	{"", {"127.0.0.1"}},
};

static void test_file(const struct file_case *x)
{
	char path[] = "/tmp/nameservers-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct nameservers servers;
	size_t count = 0;

	fputs(x->text, file);
	fclose(file);
	nameservers_read(path, &servers);
	while (count < NAMESERVERS_MOST && x->servers[count])
		count++;
	is_number((long long)servers.count, (long long)count, "nameservers in a file");
	for (size_t i = 0; i < servers.count && i < count; i++)
		is_text(servers.address[i], x->servers[i], "in order");
	unlink(path);
}

int main(void)
{
	struct nameservers servers;

	for (const struct file_case *x = files; x < files + COUNT(files); x++)
		test_file(x);
	nameservers_read("/nonexistent/resolv.conf", &servers);
	ok(servers.count == 1 && strcmp(servers.address[0], "127.0.0.1") == 0, "no file");
	return done();
}
