#include "dns/nameservers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "util/addr.h"
#include "util/text.h"

static const char keyword[] = "nameserver";
static const char nobody[] = "127.0.0.1";

static void add(struct nameservers *servers, const char *address)
{
	if (servers->count == NAMESERVERS_MOST || strlen(address) >= NAMESERVER_TEXT)
		return;
	memcpy(servers->address[servers->count++], address, strlen(address) + 1);
}

/* "nameserver" blank address; the keyword begins the line, what follows the address is ignored. */
static void read_line(struct nameservers *servers, char *line)
{
	char *address = line + strlen(keyword);

	if (strncmp(line, keyword, strlen(keyword)) != 0 || !text_is_space(*address))
		return;
	address += strspn(address, TEXT_SPACE);
	address[strcspn(address, TEXT_SPACE ";#")] = '\0';
	if (addr_is_numeric(address))
		add(servers, address);
}

void nameservers_read(const char *path, struct nameservers *servers)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	servers->count = 0;
	while (file && getline(&line, &room, file) >= 0)
		read_line(servers, line);
	free(line);
	if (file)
		fclose(file);
	if (servers->count == 0)
		add(servers, nobody);
}
