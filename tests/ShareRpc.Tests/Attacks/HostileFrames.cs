using System.Net.WebSockets;
using System.Text;

namespace ShareRpc.Tests.Attacks;

/// <summary>
/// Hostile messages by a seed: broken JSON, broken text, wrong shapes, guessed handles and methods, odd control calls.
/// </summary>
internal sealed class HostileFrames(int seed)
{
    private static readonly string[] Methods =
    [
        "redeemShare", "redeemRoot", "appendOps", "readOps", "getState", "revokeCapability", "Dispose", "dispose",
        "ToString", "GetType",
        "$/cancelRequest", "$/releaseMarshaledObject", "$/progress", "$/invokeProxy/1/appendOps",
        "$/invokeProxy/0/readOps",
        "$/invokeProxy/-1/getState", "$/invokeProxy/99999999999999999999/readOps", "$/invokeProxy/1/../2/readOps",
        "$/invokeProxy//x",
        "$/enumerator/next", "$/enumerator/abort", "rpc.discover", "__proto__", "", "\\u0000", "\\ud800",
        "_redeemShare",
    ];

    private static readonly string[] Values =
    [
        "null", "true", "0", "-1", "1e999", "9223372036854775808", "\"\"", "\"x\"", "[]", "{}", "[[[[]]]]",
        "\"\\ud800\"", "\"\\u0000\"",
        """{"token":"srpc_"}""", """{"token":null}""", """{"token":["x"]}""", """{"grant":{"$ref":"#"}}""",
            """{"$type":"System.Object"}""",
        """{"__jsonrpc_marshaled":1,"handle":1}""", """{"__jsonrpc_marshaled":0,"handle":-1,"lifetime":"call"}""",
        """{"handle":1}""",
        """{"handle":"1","ownedBySender":"no"}""", """{"id":{"id":{} } }""",
        """{"batch_id":"b","ops":[{"op_id":"a"}]}""",
        """{"token":"x","token":"y"}""", """{"append":[null],"token":"x"}""", """{"read":{"after":-1},"token":"x"}""",
    ];

    // A plain generator of its own, so that a seed means the same frames on every machine.
    private ulong state = unchecked(((ulong)seed * 6364136223846793005UL) + 1442695040888963407UL);

    public (byte[] Bytes, WebSocketMessageType Type) Next() => Pick(14) switch
    {
        0 => (Garbage(Pick(300)), WebSocketMessageType.Text),
        1 => (Garbage(Pick(300)), WebSocketMessageType.Binary),
        2 => Text(new string('[', Pick(5_000))),
        3 => Text(string.Concat(Enumerable.Repeat("{\"a\":", Pick(2_000)))),
        4 => Text(Broken(Call())),
        5 => Text($"[{Call()},{Call()}]"),
        6 => Text(Call() + Call()),
        7 => Text($$"""{"jsonrpc":"2.0","method":"{{Method()}}","params":{{Value()}} }"""),
        8 => Text($$"""{"jsonrpc":"2.0","id":{{Value()}},"result":{{Value()}} }"""),
        9 => Text($$"""{"jsonrpc":"2.0","id":{{Pick(9)}},"error":{{Value()}} }"""),
        10 => Text($$"""{"jsonrpc":"{{Pick(9)}}","id":{{Value()}},"method":{{Value()}},"params":{{Value()}} }"""),
        11 => Text(Call().Insert(1, new string(' ', Pick(100_000)))),
        12 => Text($$"""{"jsonrpc":"2.0","id":{{Pick(9)}},"method":"redeemShare","params":{"token":"{{new string('x',
            Pick(100_000))}}"} }"""),
        _ => Text(Call()),
    };

    private string Call() =>
        $$"""{"jsonrpc":"2.0","id":{{Pick(1_000)}},"method":"{{Method()}}","params":{{Value()}} }""";

    private string Method() => Methods[Pick(Methods.Length)];

    private string Value() => Values[Pick(Values.Length)];

    private string Broken(string text) => text.Remove(Pick(text.Length), 1);

    private byte[] Garbage(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) bytes[i] = (byte)Pick(256);
        return bytes;
    }

    private static (byte[] Bytes, WebSocketMessageType Type) Text(string text) =>
        (Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    private int Pick(int below)
    {
        state = unchecked((state * 6364136223846793005UL) + 1442695040888963407UL);
        return (int)((state >> 33) % (ulong)Math.Max(1, below));
    }
}
