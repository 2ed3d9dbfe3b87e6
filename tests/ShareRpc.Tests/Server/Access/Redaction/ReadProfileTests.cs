using ShareRpc.Protocol.Messages;
using ShareRpc.Server.Access.Redaction;

namespace ShareRpc.Tests.Server.Access.Redaction;

/// <summary>Pages are kept by the name of a profile, so no two profiles may have the same.</summary>
public sealed class ReadProfileTests
{
    [Fact]
    public void Invariant_I6_no_name_of_a_field_makes_a_profile_look_like_another()
    {
        Dictionary<string, IReadOnlyList<string>?>[] readable =
        [
            new() { ["message"] = null, ["part"] = null },
            new() { ["message"] = ["*|part:*"] },
            new() { ["message"] = ["*"] },
            new() { ["message"] = ["a,b"] },
            new() { ["message"] = ["a", "b"] },
            new() { ["message"] = ["1.a"] },
            new() { ["message"] = ["a"] },
            new() { ["message"] = [] },
            new() { ["message"] = null },
        ];
        IEnumerable<string> names = readable.Select(fields =>
            ReadProfile.Of([new Caveats { Readable = fields }]).Name);
        Assert.Equal(readable.Length, names.Distinct().Count());
    }
}
