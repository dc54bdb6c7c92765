#ifndef TLS_DER_H
#define TLS_DER_H
/*
 * der - takes a certificate apart without changing a byte of it (X.690 10; RFC 5280 4.1), so that
 * what is hashed or compared is what was sent. Pointers lead into the bytes given; nothing is
 * copied. Definite, shortest lengths and tag numbers below 31 only: all that a certificate needs.
 * Inside this room only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_der { /* bytes of somebody else */
	const uint8_t *data;
	size_t length;
};

enum der_tag { /* identifier octets, X.690 8.1.2 */
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UTF8 = 0x0c,
	DER_NUMERIC = 0x12,
	DER_PRINTABLE = 0x13,
	DER_T61 = 0x14,
	DER_IA5 = 0x16,
	DER_UTC_TIME = 0x17,
	DER_VISIBLE = 0x1a,
	DER_UNIVERSAL = 0x1c, /* UniversalString: four bytes a character */
	DER_BMP = 0x1e,       /* BMPString: two bytes a character */
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
#define DER_CONTEXT(number) (0x80 | (number))     /* [number] IMPLICIT of something primitive */
#define DER_CONSTRUCTED(number) (0xa0 | (number)) /* [number] around something */

enum der_general { /* GeneralName, RFC 5280 4.2.1.6, by the tags of what may be there */
	GENERAL_OTHER = DER_CONSTRUCTED(0),
	GENERAL_MAIL = DER_CONTEXT(1),
	GENERAL_DNS = DER_CONTEXT(2),
	GENERAL_DIRECTORY = DER_CONSTRUCTED(4), /* around a Name */
	GENERAL_URI = DER_CONTEXT(6),
	GENERAL_ADDRESS = DER_CONTEXT(7),
	GENERAL_REGISTERED = DER_CONTEXT(8),
};

/* The contents of an object identifier, for an initializer: DER_OID_OF("\x55\x1d\x11"). */
#define DER_OID_OF(bytes)                                                                          \
	{                                                                                          \
		(const uint8_t *)(bytes), sizeof(bytes) - 1                                        \
	}

struct der_item {
	uint8_t tag;           /* identifier octet */
	struct tls_der inside; /* its contents */
	struct tls_der whole;  /* with identifier and length */
};

/* Takes the first item off *REST. False: none is left, or it is not DER; *REST is untouched. */
bool der_next(struct tls_der *rest, struct der_item *item);

/* The same, and it must have this tag. */
bool der_expect(struct tls_der *rest, uint8_t tag, struct der_item *item);

bool der_same(struct tls_der a, struct tls_der b);

struct der_certificate {
	struct tls_der tbs;             /* what is signed, whole */
	struct tls_der serial;          /* the INTEGER's contents */
	struct tls_der issuer, subject; /* Name, whole */
	struct tls_der validity;        /* the two times */
	struct tls_der key;             /* SubjectPublicKeyInfo, whole: what selector 1 means */
	struct tls_der signature;       /* the bits */
	struct tls_der extensions;      /* the Extension items one after the other; empty: none */
	int version;                    /* 1 to 3 */
};

/* False: CERTIFICATE is not one, or something follows it. */
bool der_certificate(struct tls_der certificate, struct der_certificate *parts);

enum der_found {
	DER_ABSENT,
	DER_FOUND,
	DER_BROKEN, /* it is there twice, or the extensions are no DER */
};

/* OID as encoded, without its tag and length. *VALUE gets what the OCTET STRING holds. */
enum der_found der_extension(const struct der_certificate *parts, struct tls_der oid,
	struct tls_der *value);

/* Is there anything in a SubjectPublicKeyInfo of this form (two items, nothing behind)? */
bool der_is_key(struct tls_der key);

#endif
