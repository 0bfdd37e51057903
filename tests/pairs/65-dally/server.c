/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
    struct sockaddr_in peer;
    int active;
    unsigned next;
    size_t size;
} XFER;

static void terminate( int sig )
{
    ( void ) sig;
    _exit( 0 );
}

static void SendAck( int sock, const XFER *x, unsigned block )
{
    unsigned char ack[ 4 ] = { 0, 4, ( unsigned char )( block >> 8 ), ( unsigned char ) block };

    while ( sendto( sock, ack, sizeof ack, 0, ( const struct sockaddr * ) &x->peer, sizeof x->peer ) < 0 )
    {
	if ( errno != EINTR )
	    break;
    }
}

int main( int argc, char *argv[] )
{
    struct sockaddr_in self;
    XFER x;
    int sock;

    memset( &x, 0, sizeof x );
    memset( &self, 0, sizeof self );
    self.sin_family = AF_INET;
    self.sin_port = htons( ( unsigned short ) atoi( argv[ 1 ] ) );
    self.sin_addr.s_addr = htonl( INADDR_LOOPBACK );
    sock = socket( AF_INET, SOCK_DGRAM, 0 );
    if ( sock < 0 || bind( sock, ( struct sockaddr * ) &self, sizeof self ) < 0 )
    {
	perror( "server" );
	return 1;
    }
    signal( SIGTERM, terminate );
    printf( "listening\n" );
    fflush( stdout );

    for ( ;; )
    {
	unsigned char pkt[ 600 ];
	struct sockaddr_in from;
	socklen_t fromlen = sizeof from;
	ssize_t n = recvfrom( sock, pkt, sizeof pkt, 0, ( struct sockaddr * ) &from, &fromlen );
	unsigned block;

	if ( n < 4 )
	    continue;
	block = ( unsigned ) pkt[ 2 ] << 8 | pkt[ 3 ];
	if ( pkt[ 1 ] == 2 )
	{
	    if ( x.active && x.peer.sin_port == from.sin_port && x.next > 1 )
		continue;               /* an old one */
	    x.peer = from;
	    x.active = 1;
	    x.next = 1;
	    x.size = 0;
	    SendAck( sock, &x, 0 );
	}
	else if ( pkt[ 1 ] == 3 && x.peer.sin_port == from.sin_port && x.active )
	{
	    if ( block == x.next )
	    {
		x.size += ( size_t ) n - 4;
		x.next++;
		SendAck( sock, &x, block );
		if ( n < 516 )
		{
		    fprintf( stderr, "received %zu bytes\n", x.size );
#ifndef REPAIRED
		    x.active = 0;
#endif
		}
	    }
	    else if ( block < x.next )
		SendAck( sock, &x, block );
	}
    }
}
