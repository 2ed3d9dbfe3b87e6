using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;
using ShareRpc.Server.CapnWeb.Values;
using ShareRpc.Server.Connections.DirectCalls;

namespace ShareRpc.Server.CapnWeb.Targets;

/// <summary>Results of calls as values.</summary>
internal static class ResultValue
{
    /// <summary>Returns the result of a task that has ended; null for one without.</summary>
    public static CapValue Of(Task call)
    {
        Type type = call.GetType();
        while (type.BaseType is { } up && !(type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>)))
            type = up;
        bool hasResult = type.IsGenericType && type.GetGenericArguments()[0].IsVisible;
        return hasResult ? Of(type.GetProperty("Result")!.GetValue(call)) : JsonValue.Null;
    }

    public static CapValue Of(object? result) => result is null ? JsonValue.Null
        : new JsonValue(JsonSerializer.SerializeToUtf8Bytes(result, result.GetType(), ProtocolJson.Options));

    public static CapValue Of(Ack ack)
    {
        using var json = new ReplyBuffer();
        ReplyWriter.Write(json, ack);
        return new JsonValue(json.Written.ToArray());
    }

    /// <summary>Returns a result one of whose members is a handle.</summary>
    public static CapValue Of(object result, string handleName, CapTarget handle)
    {
        var members = new List<KeyValuePair<string, CapValue>>();
        foreach (JsonPropertyInfo property in ProtocolJson.Options.GetTypeInfo(result.GetType()).Properties)
        {
            if (property.Get!(result) is not { } member) continue;
            CapValue value = property.Name == handleName ? new StubValue(handle) : new JsonValue(
                JsonSerializer.SerializeToUtf8Bytes(member, property.PropertyType, ProtocolJson.Options));
            members.Add(KeyValuePair.Create(property.Name, value));
        }

        return new ObjectValue(members);
    }
}
