using System.Globalization;
using Microsoft.AspNetCore.Http;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.Http;

internal static class QueryNumber
{
    public static long? Of(IQueryCollection query, string name)
    {
        string? text = query[name];
        if (text is null) return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new ShareRpcException(ErrorCode.InvalidParams);
    }

    public static int? SmallOf(IQueryCollection query, string name) => Of(query, name) switch
    {
        null => null,
        > int.MaxValue or < int.MinValue => throw new ShareRpcException(ErrorCode.InvalidParams),
        { } number => (int)number,
    };
}
