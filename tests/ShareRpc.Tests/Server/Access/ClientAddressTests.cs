using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using ShareRpc.Server;
using ShareRpc.Server.Access;

namespace ShareRpc.Tests.Server.Access;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("198.51.100.7", null, "198.51.100.7")]
    [InlineData("198.51.100.7", "203.0.113.5", "198.51.100.7")] // not a proxy of ours: anybody can claim that
    [InlineData("10.0.0.1", "203.0.113.5", "203.0.113.5")]
    [InlineData("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5")] // what was there before is the client's own word
    [InlineData("10.0.0.1", "nonsense", "10.0.0.1")]
    [InlineData("10.0.0.1", null, "10.0.0.1")]
    [InlineData("192.168.7.7", "203.0.113.5", "203.0.113.5")]
    [InlineData("192.169.7.7", "203.0.113.5", "192.169.7.7")]
    [InlineData("10.0.0.1", "1.1.1.1, 203.0.113.5, 192.168.3.3", "203.0.113.5")] // through two proxies of ours
    [InlineData("10.0.0.1", "2001:db8::5", "2001:db8::5")]
    public void Only_a_trusted_proxy_says_where_a_request_came_from(string remote, string? forwarded, string expected)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse(remote);
        if (forwarded is not null) context.Request.Headers["X-Forwarded-For"] = forwarded;
        var options = new ServerOptions { DataDirectory = "", TrustedProxies = ["10.0.0.1", "192.168.0.0/16"] };
        new ClientAddress(options, NullLoggerFactory.Instance).Apply(context);
        Assert.Equal(expected, ClientAddress.Of(context));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData(null, "")]
    public void An_IPv6_network_shares_a_limit(string? address, string expected) =>
        Assert.Equal(expected, ClientAddress.NetworkOf(address));
}
