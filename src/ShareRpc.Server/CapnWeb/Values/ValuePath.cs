using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ShareRpc.Protocol.Errors;

namespace ShareRpc.Server.CapnWeb.Values;

/// <summary>Follows names into values.</summary>
internal static class ValuePath
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 1_000 };
    private static readonly SpecialValue Undefined = new("undefined", "[\"undefined\"]"u8.ToArray());

    /// <summary>
    /// Returns what the path leads to, with references of its own; <c>undefined</c> when there is nothing. A stub has
    /// no members but its methods: throws <c>method_not_found</c>.
    /// </summary>
    public static CapValue Follow(CapValue value, IReadOnlyList<string> path)
    {
        for (int i = 0; i < path.Count; i++)
        {
            if (value is JsonValue json) return FollowJson(json, path.Skip(i));
            if (value is StubValue) throw new ShareRpcException(ErrorCode.MethodNotFound);
            value = Member(value, path[i]) ?? Undefined;
        }

        return Copy(value);
    }

    /// <summary>Returns the object to call and the path to the method from there.</summary>
    public static (CapTarget Target, IReadOnlyList<string> Path) FindTarget(CapValue value,
        IReadOnlyList<string> path)
    {
        for (int i = 0; i <= path.Count; i++)
        {
            if (value is StubValue stub) return (stub.Target, [.. path.Skip(i)]);
            if (i < path.Count && Member(value, path[i]) is { } member) value = member;
            else break;
        }

        throw new ShareRpcException(ErrorCode.MethodNotFound);
    }

    /// <summary>Returns the value with its promises, which have settled, replaced. Throws for a rejected one.</summary>
    public static CapValue Settle(CapValue value) => value switch
    {
        PendingValue pending => Copy(pending.Promise.Demand()),
        ListValue list => new ListValue([.. list.Items.Select(Settle)]),
        ObjectValue members => new ObjectValue(
            [.. members.Members.Select(member => KeyValuePair.Create(member.Key, Settle(member.Value)))]),
        _ => Copy(value),
    };

    /// <summary>Returns the promises of a value.</summary>
    public static IEnumerable<CapPromise> PromisesOf(CapValue value) => value switch
    {
        PendingValue pending => [pending.Promise],
        ListValue list => list.Items.SelectMany(PromisesOf),
        ObjectValue members => members.Members.SelectMany(member => PromisesOf(member.Value)),
        _ => [],
    };

    /// <summary>Returns the value with bytes and references of its own, to be kept for longer than its call.</summary>
    public static CapValue Own(CapValue value) => value switch
    {
        JsonValue json => new JsonValue(json.Utf8.ToArray()),
        ListValue list => new ListValue([.. list.Items.Select(Own)]),
        ObjectValue members => new ObjectValue(
            [.. members.Members.Select(member => KeyValuePair.Create(member.Key, Own(member.Value)))]),
        _ => Copy(value),
    };

    /// <summary>
    /// Returns about how many bytes a value takes. Throws <c>invalid_params</c> for one that is deeper than a message
    /// may be: results within results would grow until the stack ends.
    /// </summary>
    public static long SizeOf(CapValue value) => SizeAt(value, 0);

    private static long SizeAt(CapValue value, int depth) => value switch
    {
        _ when depth > WireJson.MaxDepth => throw new ShareRpcException(ErrorCode.InvalidParams),
        JsonValue json => 64 + json.Utf8.Length,
        SpecialValue special => 64 + special.Utf8.Length,
        ListValue list => 64 + list.Items.Sum(item => SizeAt(item, depth + 1)),
        ObjectValue members => 64 + members.Members.Sum(
            member => 64 + (2 * member.Key.Length) + SizeAt(member.Value, depth + 1)),
        _ => 64,
    };

    private static CapValue? Member(CapValue value, string name) => value switch
    {
        ObjectValue members => members.Members.LastOrDefault(member => member.Key == name).Value,
        ListValue list => IndexOf(name) is { } index && index < list.Items.Count ? list.Items[index] : null,
        _ => null,
    };

    private static CapValue FollowJson(JsonValue value, IEnumerable<string> path)
    {
        using JsonDocument document = JsonDocument.Parse(value.Utf8, Options);
        JsonElement found = document.RootElement;
        foreach (string name in path)
        {
            bool isThere = found.ValueKind switch
            {
                JsonValueKind.Object => found.TryGetProperty(name, out found),
                JsonValueKind.Array => IndexOf(name) is { } index && index < found.GetArrayLength()
                    && (found = found[index]).ValueKind != JsonValueKind.Undefined,
                _ => false,
            };
            if (!isThere) return Undefined;
        }

        return new JsonValue(JsonMarshal.GetRawUtf8Value(found).ToArray());
    }

    private static int? IndexOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;

    /// <summary>Returns the value with references of its own.</summary>
    public static CapValue Copy(CapValue value) => value switch
    {
        StubValue stub => new StubValue(stub.Target),
        PendingValue pending => new PendingValue(pending.Promise),
        ListValue list => new ListValue([.. list.Items.Select(Copy)]),
        ObjectValue members => new ObjectValue(
            [.. members.Members.Select(member => KeyValuePair.Create(member.Key, Copy(member.Value)))]),
        _ => value,
    };
}
