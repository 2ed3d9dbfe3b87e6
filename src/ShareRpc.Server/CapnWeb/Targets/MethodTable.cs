using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Rpc;

namespace ShareRpc.Server.CapnWeb.Targets;

/// <summary>The methods of an interface of the protocol, by their names on the wire.</summary>
/// <typeparam name="T">The interface.</typeparam>
internal static class MethodTable<T>
    where T : class
{
    private static readonly FrozenDictionary<string, Call> Methods = WireMethods.Of(typeof(T))
        .ToFrozenDictionary(named => named.Name, named => Bind(named.Method));

    private delegate Task Call(T target, ReadOnlyMemory<byte>? request, CancellationToken cancellationToken);

    /// <summary>
    /// Begins a call before it returns; the task has the result, if there is one. No request counts as <c>{}</c>.
    /// </summary>
    public static Task BeginAsync(T target, string name, ReadOnlyMemory<byte>? request,
        CancellationToken cancellationToken) =>
        Methods.TryGetValue(name, out Call? call)
            ? call(target, request, cancellationToken) : throw new ShareRpcException(ErrorCode.MethodNotFound);

    private static Call Bind(MethodInfo method)
    {
        Type[] types = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
        bool hasToken = types.Length > 0 && types[^1] == typeof(CancellationToken);
        bool hasRequest = types.Length > (hasToken ? 1 : 0);
        if (hasRequest)
        {
            return (Call)typeof(MethodTable<T>).GetMethod(nameof(BindRequest), BindingFlags.NonPublic
                | BindingFlags.Static)!.MakeGenericMethod(types[0]).Invoke(null, [method, hasToken])!;
        }

        if (!hasToken)
        {
            var plain = method.CreateDelegate<Func<T, Task>>();
            return (target, _, _) => plain(target);
        }

        var cancellable = method.CreateDelegate<Func<T, CancellationToken, Task>>();
        return (target, _, cancellationToken) => cancellable(target, cancellationToken);
    }

    private static Call BindRequest<TRequest>(MethodInfo method, bool hasToken)
        where TRequest : class
    {
        if (!hasToken)
        {
            var plain = method.CreateDelegate<Func<T, TRequest, Task>>();
            return (target, request, _) => plain(target, RequestJson.Read<TRequest>(request));
        }

        var cancellable = method.CreateDelegate<Func<T, TRequest, CancellationToken, Task>>();
        return (target, request, cancellationToken) =>
            cancellable(target, RequestJson.Read<TRequest>(request), cancellationToken);
    }
}

/// <summary>Requests and results as JSON.</summary>
internal static class RequestJson
{
    public static TRequest Read<TRequest>(ReadOnlyMemory<byte>? json)
        where TRequest : class
    {
        try
        {
            return JsonSerializer.Deserialize<TRequest>(json is { } given ? given.Span : "{}"u8, ProtocolJson.Options)
                ?? throw new ShareRpcException(ErrorCode.InvalidParams);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ShareRpcException(ErrorCode.InvalidParams);
        }
    }
}
