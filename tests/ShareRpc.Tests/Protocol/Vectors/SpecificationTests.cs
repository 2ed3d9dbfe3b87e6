using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Rpc;
using ShareRpc.Server;

namespace ShareRpc.Tests.Protocol.Vectors;

public sealed partial class SpecificationTests
{
    [Fact]
    public void Every_rule_has_a_vector_or_a_stated_reason_for_having_none()
    {
        HashSet<string> covered =
            [.. VectorSuite.LoadAll().SelectMany(suite => suite.All).SelectMany(vector => vector.Rules)];
        string[] excused = [.. Specification.RulesWithoutVectors.Select(row => row[0])];
        Assert.Empty(Specification.Rules.Except(covered).Except(excused));
        Assert.Empty(excused.Intersect(covered));
        Assert.Empty(excused.Except(Specification.Rules));
    }

    [Fact]
    public void A_rule_without_a_vector_names_a_test_class_that_exists_or_says_why_there_is_none()
    {
        string[] classes =
            [.. Directory.EnumerateFiles(RepositoryRoot.Path("tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path)!)];
        Assert.All(Specification.RulesWithoutVectors, row =>
        {
            Assert.Equal(3, row.Length);
            Assert.True(row[1] == "-" || classes.Contains(row[1]), $"{row[0]} names {row[1]}, which is not there");
        });
    }

    [Fact]
    public void Every_rule_that_is_named_is_stated_once()
    {
        Assert.Equal(Specification.Rules.Distinct(), Specification.Rules);
        Assert.Empty(Specification.References.Except(Specification.Rules));
        Assert.Empty(VectorSuite.LoadAll().SelectMany(suite => suite.All).SelectMany(vector => vector.Rules).Except(
            Specification.Rules));
    }

    [Fact]
    public void The_table_of_errors_is_the_enum()
    {
        var expected = Enum.GetValues<ErrorCode>().Select(code =>
            FormattableString.Invariant(
                $"{(int)code} {ErrorCodes.NameOf(code)} {(ErrorCodes.IsTransient(code) ? "yes" : "no")}"));
        IReadOnlyList<string[]> rows = Specification.TableRows(Number());
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            rows.Select(row => $"{row[0]} {row[1]} {row[2]}").Order(StringComparer.Ordinal));
        Assert.All(rows, row => Assert.Equal(
            row[3], ErrorData.From(
                new ShareRpcException((ErrorCode)int.Parse(row[0], CultureInfo.InvariantCulture))).Action));
        Assert.All(rows, row => Assert.True(row.Length == 6 && row[4].Length > 0 && row[5].Length > 0));
    }

    [Fact]
    public void The_table_of_limits_is_the_record_of_limits()
    {
        JsonElement limits = JsonSerializer.SerializeToElement(ProtocolLimits.Default, ProtocolJson.Options);
        Dictionary<string, string> rows =
            Specification.TableRows(LowerName()).Where(row => row.Length == 4 && Digits().IsMatch(row[1]))
            .ToDictionary(row => row[0], row => row[1]);
        Assert.Equal(
            limits.EnumerateObject().Select(limit => limit.Name).Order(StringComparer.Ordinal),
            rows.Keys.Order(StringComparer.Ordinal));
        Assert.All(limits.EnumerateObject(), limit => Assert.Equal(limit.Value.GetRawText(), rows[limit.Name]));
    }

    [Fact]
    public void Invariant_I9_the_table_of_the_servers_own_bounds_is_the_record_of_them()
    {
        IEnumerable<string> expected = typeof(ServerLimits).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(bound =>
                $"{JsonNamingPolicy.SnakeCaseLower.ConvertName(bound.Name)} "
                    + $"{Written(bound.GetValue(ServerLimits.Default)!)}");
        IEnumerable<string> rows =
            Specification.Bounds(Word()).Where(row => row.Length == 3 && Default().IsMatch(row[1]))
            .Select(row => $"{row[0]} {row[1]}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));

        static string Written(object value) =>
            value is TimeSpan time ? $"{(long)time.TotalMilliseconds} ms"
                : Convert.ToString(value, CultureInfo.InvariantCulture)!;
    }

    [Fact]
    public void The_table_of_methods_is_what_the_interfaces_have()
    {
        string[] expected =
        [
            .. Methods("gateway", typeof(IShareGateway)), .. Methods("share", typeof(IShareHandle)),
            .. Methods("root", typeof(IRootHandle)),
        ];
        IEnumerable<string> rows =
            Specification.TableRows(ObjectName()).Where(row => row.Length == 4).Select(row => $"{row[0]}.{row[1]}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_table_of_rights_is_what_its_vectors_say()
    {
        string[] columns = ["admin", "create", "read", "append", "attenuate", "revoke", "end", "comment", "presence"];
        Dictionary<string, string[]> rows =
            Specification.TableRows(MethodOfObject()).ToDictionary(row => row[0], row => row[1..]);
        string[] methods = [.. Methods("share", typeof(IShareHandle)), .. Methods("root", typeof(IRootHandle))];
        Assert.Equal(methods.Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        foreach (Vector vector in VectorSuite.Load("rights").All)
        {
            string method =
                $"{vector.Input.GetProperty("object").GetString()}.{vector.Input.GetProperty("method").GetString()}";
            string[] rights =
                [.. vector.Input.GetProperty("rights").EnumerateArray().Select(right => right.GetString()!)];
            bool inTable = rights.Any(right => rows[method][Array.IndexOf(columns, right)] == "yes")
                || (rows[method].Contains("both")
                    && columns.Where((_, i) => rows[method][i] == "both").All(rights.Contains));
            if (vector.Rules.Contains("CAP-3") || method == "root.createShare") continue;
            Assert.True(inTable == (vector.Expect.GetString() == "allowed"),
                $"{vector.Id} and the table disagree on {method}");
        }
    }

    [Fact]
    public void Every_method_has_a_vector_for_every_right()
    {
        HashSet<string> tried =
        [
            .. VectorSuite.Load("rights").All.SelectMany(vector =>
                vector.Input.GetProperty("rights").EnumerateArray().Select(right =>
                $"{vector.Input.GetProperty("object").GetString()}.{vector.Input.GetProperty("method").GetString()} "
                    + $"{right.GetString()}")),
        ];
        string[] ofShares = ["read", "append", "attenuate", "revoke", "end", "comment", "presence"];
        Assert.Empty(
            Methods("share", typeof(IShareHandle)).SelectMany(method => ofShares.Select(right => $"{method} {right}"))
            .Concat(Methods("root", typeof(IRootHandle))
                .SelectMany(method => ofShares.Concat(["admin", "create"]).Select(right => $"{method} {right}")))
            .Except(tried));
    }

    [Fact]
    public void The_paths_of_the_http_api_are_written_alike_in_both_documents()
    {
        string text = Specification.Pages["http.md"] + Specification.Pages["opencode.md"];
        using JsonDocument api = JsonDocument.Parse(File.ReadAllText(RepositoryRoot.Path("protocol", "openapi.json")));
        IEnumerable<string> paths = api.RootElement.GetProperty("paths").EnumerateObject().Select(path => path.Name);
        Assert.All(
            paths.Where(path => path.StartsWith("/v1", StringComparison.Ordinal)
                || path.StartsWith("/api/share", StringComparison.Ordinal)),
            path => Assert.Contains($" {path}", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_line_of_a_transcript_is_one_message_with_its_direction()
    {
        Assert.NotEmpty(Specification.TranscriptLines);
        Assert.All(Specification.TranscriptLines, line =>
        {
            Assert.Matches("^(->|<-) ", line);
            using JsonDocument message = JsonDocument.Parse(line[3..]);
            Assert.Equal("2.0", message.RootElement.GetProperty("jsonrpc").GetString());
            bool isCall = message.RootElement.TryGetProperty("method", out _);
            Assert.Equal(line[0] == '-', isCall);
        });
    }

    private static IEnumerable<string> Methods(string name, Type type) =>
        WireMethods.Of(type).Select(method => $"{name}.{method.Name}");

    [GeneratedRegex(@"^-32\d{3}$")]
    private static partial Regex Number();

    [GeneratedRegex(@"^\d+$")]
    private static partial Regex Digits();

    [GeneratedRegex("^[a-z0-9_]+$")]
    private static partial Regex Word();

    [GeneratedRegex(@"^\d+( ms)?$")]
    private static partial Regex Default();

    [GeneratedRegex("^[a-z]+(_[a-z]+)+$")]
    private static partial Regex LowerName();

    [GeneratedRegex("^(gateway|share|root)$")]
    private static partial Regex ObjectName();

    [GeneratedRegex(@"^(share|root)\.\w+$")]
    private static partial Regex MethodOfObject();
}
