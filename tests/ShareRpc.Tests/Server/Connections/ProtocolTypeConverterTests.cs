using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server.Connections;
using StreamJsonRpc;

namespace ShareRpc.Tests.Server.Connections;

public sealed class ProtocolTypeConverterTests
{
    public static TheoryData<Type> TypesOfCalls =>
        [.. new[] { typeof(IShareGateway), typeof(IShareHandle), typeof(IRootHandle) }
        .SelectMany(handle => WireMethods.Of(handle)).Select(named => named.Method)
        .SelectMany(method =>
            method.GetParameters().Select(parameter => parameter.ParameterType).Append(ResultOf(method)))
        .Where(type => type.IsClass && type.Assembly == typeof(IShareGateway).Assembly)
        .Distinct()];

    [Theory]
    [MemberData(nameof(TypesOfCalls))]
    public void What_is_known_about_a_type_of_a_call_is_shared_by_all_connections(Type type)
    {
        JsonConverter[] converters = [ConverterOf(type), ConverterOf(type)];
        Assert.NotNull(converters[0]);
        Assert.Same(converters[0], converters[1]);
    }

    [Fact]
    public void What_the_RPC_layer_writes_for_a_handle_is_shared_too()
    {
        // Private there: should a new version name it otherwise, every connection would keep it for itself again.
        Type token = typeof(JsonRpc).Assembly.GetTypes().Single(type => type.Name == "MarshalToken");
        Assert.True(ProtocolTypeConverter.Instance.CanConvert(token));
        Assert.Same(ConverterOf(token), ConverterOf(token));
    }

    [Fact]
    public void A_handle_itself_is_left_to_its_connection() =>
        Assert.False(ProtocolTypeConverter.Instance.CanConvert(typeof(IShareHandle)));

    private static JsonConverter ConverterOf(Type type)
    {
        var options = new JsonSerializerOptions { Converters = { ProtocolTypeConverter.Instance } };
        return options.GetConverter(type);
    }

    private static Type ResultOf(MethodInfo method) =>
        method.ReturnType.IsGenericType ? method.ReturnType.GetGenericArguments()[0] : method.ReturnType;
}
