using System.Text.RegularExpressions;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Tests.Sources.Secrets;

/// <summary>Secrets in commands: in each line, what is between « and » is replaced, and nothing else.</summary>
public class CommandSecretTests
{
    private static readonly Regex Marker = new(@"\[redacted:[a-z-]+\]");
    private readonly SecretCounts counts = new();

    [Theory]
    [InlineData("curl -u me:«hunter2» https://example.org")]
    [InlineData("curl -sSume:«hunter2» -o out https://example.org")]
    [InlineData("curl --user 'me:«two words»' https://example.org")]
    [InlineData("curl --user=\"me:«hunter2»\" https://example.org")]
    [InlineData("curl -X POST \\\n  -U proxy:«hunter2» \\\n  https://example.org")]
    [InlineData("[\"curl\", \"-u\", \"me:«hunter2»\", \"https://example.org\"]")]
    [InlineData("http -a me:«hunter2» GET example.org")]
    [InlineData("curl -H 'x-api-key: «abcdefgh»' https://example.org")]
    [InlineData("curl -H \"X-Auth-Token:«abcdefgh»\" -H 'Private-Token: «ijklmnop»' https://example.org")]
    [InlineData("curl -H 'Cookie: «session=abc; other=def»' https://example.org")]
    [InlineData("curl -H \\\"x-api-key: «abcdefgh»\\\" https://example.org")]
    [InlineData("curl --header=X-Api-Key:«abcdefgh» https://example.org")]
    [InlineData("headers = {\"X-API-Key\": \"«a1b2c3d4e5»\"}")]
    [InlineData("request.Header.Set(\"X-Auth-Token\", \"«a1b2c3d4e5»\")")]
    [InlineData("> PRIVATE-TOKEN: «a1b2c3d4e5»\n> Accept: */*")]
    [InlineData("mysql -uroot -p«hunter2» app < dump.sql")]
    [InlineData("mysqldump -h db -p'«two words»' app")]
    [InlineData("docker exec db mariadb-dump -u root -p\"«hunter2»\" app")]
    [InlineData("mysql -p«hunter» -e 'select 1'")]
    [InlineData("mysql --user=root --password=«hunter» app")]
    [InlineData("sshpass -p «hunter» ssh -p 2222 me@host")]
    [InlineData("docker login -u me -p «hunter» registry.example.org")]
    [InlineData("mongosh -u me -p «hunter» --port 27017")]
    [InlineData("redis-cli -h cache -a «hunter» ping")]
    [InlineData("sqlcmd -S db -U sa -P «hunter» -Q 'select 1'")]
    [InlineData("ldapsearch -x -D cn=admin -w «hunter» -b dc=example")]
    [InlineData("smbclient //host/share -U me%«hunter»")]
    [InlineData("7z x -p«hunter» a.7z && unzip -P «hunter» a.zip")]
    [InlineData("openssl pkcs12 -in a.p12 -passin pass:«hunter» -nodes")]
    [InlineData("htpasswd -nb me «hunter»; htpasswd -bB users me «hunter»")]
    [InlineData("echo «hunter» | sudo -S apt update")]
    [InlineData("echo '«root:hunter»' | chpasswd")]
    [InlineData("printf '«hunter»' | docker login -u me --password-stdin")]
    [InlineData("sudo -S ls <<< «hunter»")]
    [InlineData("psql \"host=db user=me password=«hunter» dbname=app\"")]
    [InlineData("aws_secret_access_key = «wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY»")]
    [InlineData("aws configure set aws_secret_access_key «wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY»")]
    [InlineData("keytool -list -storepass «hunter2» -keystore a.jks")]
    [InlineData("deploy --client-secret=«correct-horse» --token «a1b2c3d4»")]
    [InlineData("wget --http-password=«hunter» https://example.org")]
    public void What_a_command_is_given_is_replaced(string line)
    {
        string text = line.Replace("«", "", StringComparison.Ordinal).Replace("»", "", StringComparison.Ordinal);
        string redacted = SecretScanner.BuiltIn.Redact(text, counts);

        string[] kept = [.. line.Split('«').Select((part, i) => i == 0 ? part : part.Split('»')[1])];
        Assert.Equal(string.Join("[]", kept), Marker.Replace(redacted, "[]"));
        Assert.Equal(kept.Length - 1, counts.Total);
        Assert.Equal(redacted, SecretScanner.BuiltIn.Redact(redacted, counts));
        Assert.Equal(kept.Length - 1, counts.Total);
    }

    [Theory]
    [InlineData("curl -sS -o out https://me@example.org:8443/a -H 'Accept: application/json' -H \"X-Token: $TOKEN\"")]
    [InlineData("curl -u \"$ME:$PASS\" https://example.org && curl -u me https://example.org:443/x")]
    [InlineData("docker run -p 8080:80 -u 1000:1000 app; docker login -u me --password-stdin; ssh -p 2222 me@host")]
    [InlineData("mysql -u root -p app; mysql -P 3306 -h db; mysql --port=3306 --protocol=tcp; mkdir -p mysql/data")]
    [InlineData("the -p option of mysql asks for a password; use --token TOKEN, --password-stdin or --token-file F")]
    [InlineData("sudo -S true; echo hello | sudo tee /etc/motd; zip -r a.zip dir; redis-cli -p 6379; 7z x a.7z")]
    [InlineData("ldapsearch -x -W -D cn=admin; openssl req -newkey rsa:2048 -passout env:PASS; --max-tokens=4096")]
    [InlineData("x-request-id: a1b2c3d4e5 x-api-key: process.env.KEY key-value: pairs --secret id=npm1,src=x1")]
    [InlineData("password = ask(user) and host=db port=5432 dbname=app user=me sslmode=require")]
    [InlineData("git commit -S -m 'echo' | cat; ps -u root:x | grep http; https -v x")]
    public void Commands_without_a_secret_stay(string text) =>
        Assert.Same(text, SecretScanner.BuiltIn.Redact(text, counts));
}
