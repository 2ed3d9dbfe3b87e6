using System.Reflection;
using StreamJsonRpc;

namespace ShareRpc.Protocol.Rpc;

/// <summary>The methods of an interface of the protocol, those that it inherits included.</summary>
internal static class WireMethods
{
    /// <summary>Returns each method with its name on the wire.</summary>
    public static IEnumerable<(string Name, MethodInfo Method)> Of(Type handle) =>
        from each in handle.GetInterfaces().Prepend(handle)
        from method in each.GetMethods()
        let name = method.GetCustomAttribute<JsonRpcMethodAttribute>()?.Name
        where name is not null
        select (name, method);
}
